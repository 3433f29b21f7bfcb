"""The lake: immutable Parquet segments and day files under one manifest; no database file is the truth."""

from plimsoll.lake.format.segments import Segment, as_stored
from plimsoll.lake.lake import Lake
from plimsoll.lake.maintain.backup import BackupResult
from plimsoll.lake.maintain.compaction import Compaction
from plimsoll.lake.maintain.retention import RetentionPolicy
from plimsoll.lake.maintain.rollup_days import LongHistory, read_long_history
from plimsoll.lake.read import hours, quarters
from plimsoll.lake.read.snapshot import Snapshot
from plimsoll.lake.shared.lakes import CollectorLake, SharedLake, SpoolingLake
from plimsoll.lake.shared.spool import Spool, host_slug
from plimsoll.lake.stores import Store

__all__ = [
    "BackupResult",
    "CollectorLake",
    "Compaction",
    "Lake",
    "LongHistory",
    "RetentionPolicy",
    "Segment",
    "SharedLake",
    "Snapshot",
    "Spool",
    "SpoolingLake",
    "Store",
    "as_stored",
    "host_slug",
    "hours",
    "quarters",
    "read_long_history",
]
