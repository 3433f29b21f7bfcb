"""The lake: immutable Parquet segments and day files under one manifest; no database file is the truth."""

from plimsoll.lake.compaction import Compaction
from plimsoll.lake.snapshot import Snapshot
from plimsoll.lake.store import Lake

__all__ = ["Compaction", "Lake", "Snapshot"]
