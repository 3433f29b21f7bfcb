"""The lake: immutable Parquet segments and day files under one manifest; no database file is the truth."""

from plimsoll.lake.backup import Copied
from plimsoll.lake.compaction import Compaction
from plimsoll.lake.retention import Rules
from plimsoll.lake.rolling import Memory, remember
from plimsoll.lake.segments import stored
from plimsoll.lake.snapshot import Snapshot
from plimsoll.lake.store import Lake

__all__ = ["Compaction", "Copied", "Lake", "Memory", "Rules", "Snapshot", "remember", "stored"]
