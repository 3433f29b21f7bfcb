"""The lake's face: append, scan, compact, replace a derived partition, snapshot."""

import re
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.errors import LakeError, shown
from plimsoll.lake import compaction
from plimsoll.lake.compaction import Compaction
from plimsoll.lake.files import Files, publish
from plimsoll.lake.segments import describe, encode, stored
from plimsoll.lake.snapshot import Snapshot, derived_path, take
from plimsoll.tables import Table

if TYPE_CHECKING:
    import polars as pl

_PART = re.compile(r"[a-z0-9][a-z0-9_.=+-]{0,120}", re.ASCII)


class Lake:
    """One folder of tables. Appenders and readers take no lock; one compactor at a time does."""

    def __init__(self, root: Path, *, files: Files | None = None) -> None:
        self.root = root
        self._files = files or Files()
        self._last_order = 0

    def append(self, table: Table, rows: "Iterable[Mapping[str, object]] | pl.DataFrame", *, collector: str) -> str:
        """Keeps rows for good: when this returns, they survive a kill and a power cut. Gives the segment's name.

        A row whose key was written before replaces it. No rows, no segment, an empty name.
        """
        import polars as pl

        frame = stored(table, rows if isinstance(rows, pl.DataFrame) else table.frame(rows))
        if frame.is_empty():
            return ""
        used = [name for name in frame.columns if frame[name].null_count() < frame.height or name in table.key]
        data = encode(frame.select(used))
        segment = describe(frame, data, order=self._next_order(), collector=collector)
        publish(self._files, self.root / table.name / segment.name, data)
        return segment.name

    def compact(self, *, now: datetime, grace_s: float = compaction.GRACE_S) -> Compaction:
        """Merges what was appended into sorted day files; see `plimsoll.lake.compaction`."""
        return compaction.compact(self._files, self.root, now=now, grace_s=grace_s)

    def snapshot(self) -> Snapshot:
        """One state of the lake, for as many reads as one answer needs."""
        return take(self._files, self.root)

    def replace(self, kind: str, partition: str, frame: "pl.DataFrame") -> Path:
        """Makes a derived partition hold exactly this frame; doing it again changes nothing."""
        for part in (kind, partition):
            if not _PART.fullmatch(part):
                raise LakeError(f'"{shown(part)}" cannot name a derived table or partition: a-z 0-9 _ . = + - only')
        path = derived_path(self.root, kind, partition)
        publish(self._files, path, encode(frame, level=3, statistics=True))
        return path

    def _next_order(self) -> int:
        """Later writes have higher numbers, also if the wall clock is set back while this process runs."""
        self._last_order = max(self._last_order + 1, time.time_ns())
        return self._last_order
