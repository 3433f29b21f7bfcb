"""Housekeeping of the lake: compaction, rollups, retention, verification, backup."""
