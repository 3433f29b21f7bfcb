"""Reading the lake: one state of the manifest, its files verified, merged into rows."""
