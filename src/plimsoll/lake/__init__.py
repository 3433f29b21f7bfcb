"""The lake: immutable Parquet segments and day files under one manifest; no database file is the truth."""

from plimsoll.lake.backup import Copied
from plimsoll.lake.compaction import Compaction
from plimsoll.lake.retention import Rules
from plimsoll.lake.rolling import Memory, remember
from plimsoll.lake.segments import Segment, stored
from plimsoll.lake.shared_lake import CollectorLake, SharedLake, SpoolingLake
from plimsoll.lake.snapshot import Snapshot
from plimsoll.lake.spool import Spool, host_slug
from plimsoll.lake.store import Lake
from plimsoll.lake.stores import Store

__all__ = [
    "CollectorLake",
    "Compaction",
    "Copied",
    "Lake",
    "Memory",
    "Rules",
    "Segment",
    "SharedLake",
    "Snapshot",
    "Spool",
    "SpoolingLake",
    "Store",
    "host_slug",
    "remember",
    "stored",
]
