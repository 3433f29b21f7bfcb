"""The bytes of the lake: segments, day files, the manifest, and how they reach the disk."""
