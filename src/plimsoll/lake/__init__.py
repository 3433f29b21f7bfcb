"""The lake: immutable Parquet segments and day files under one manifest; no database file is the truth."""

from plimsoll.lake.format.segments import Segment, stored
from plimsoll.lake.lake import Lake
from plimsoll.lake.maintain.backup import Copied
from plimsoll.lake.maintain.compaction import Compaction
from plimsoll.lake.maintain.retention import Rules
from plimsoll.lake.maintain.rollup_days import Memory, remember
from plimsoll.lake.read import hours
from plimsoll.lake.read.snapshot import Snapshot
from plimsoll.lake.shared.lakes import CollectorLake, SharedLake, SpoolingLake
from plimsoll.lake.shared.spool import Spool, host_slug
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
    "hours",
    "remember",
    "stored",
]
