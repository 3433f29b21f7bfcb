"""The lake's face: append, scan, compact, replace a derived partition, snapshot."""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.errors import LakeError, shown
from plimsoll.events import timed
from plimsoll.lake.format import audit
from plimsoll.lake.format.encoding import FrameBuffer, encode_day_file, encode_segment, encode_stream
from plimsoll.lake.format.file_systems import refuse_network
from plimsoll.lake.format.files import Files, publish, remove, require_free_space
from plimsoll.lake.format.manifest import check_format
from plimsoll.lake.format.segments import Segment, as_stored, checksum, describe
from plimsoll.lake.maintain import backup, compaction, delta_log, quarters, retention, rollup_days, verification
from plimsoll.lake.maintain.backup import BackupResult
from plimsoll.lake.maintain.compaction import Compaction
from plimsoll.lake.maintain.delta_log import PublishedTable
from plimsoll.lake.maintain.retention import Planned, RetentionDrop, RetentionPolicy
from plimsoll.lake.maintain.verification import Verified
from plimsoll.lake.read.integrity import Proofs, Soundness
from plimsoll.lake.read.quarters import KIND as QUARTERS
from plimsoll.lake.read.segment_cache import SegmentCache
from plimsoll.lake.read.snapshot import Snapshot, derived_path, open_snapshot
from plimsoll.lake.settings import SharedPlace
from plimsoll.tables import SAMPLES, Table

if TYPE_CHECKING:
    import polars as pl

_PART = re.compile(r"[a-z0-9][a-z0-9_.=+-]{0,120}", re.ASCII)


class Lake:
    """One folder of tables. Appenders and readers take no lock; one compactor at a time does."""

    def __init__(self, root: Path, *, files: Files | None = None, allow_network_fs: bool = False) -> None:
        self.root = root
        self._files = files or Files()
        self._place_known = allow_network_fs
        self._last_order = 0
        self._shorts, self._proofs = SegmentCache(), Proofs()
        self._format_known = False

    def append(self, table: Table, rows: "Iterable[Mapping[str, object]] | pl.DataFrame", *, collector: str) -> str:
        """Keeps rows for good: when this returns, they survive a kill and a power cut. Gives the segment's name.

        A row whose key was written before replaces it. No rows, no segment, an empty name.
        """
        import polars as pl

        frame = as_stored(table, rows if isinstance(rows, pl.DataFrame) else table.frame(rows), complete=False)
        if frame.is_empty():
            return ""
        with timed("lake", "appended", table=table.name, rows=frame.height) as noted:
            data, form = encode_segment(frame)
            self._make_sure()
            segment = describe(frame, data, form, order=self.next_order(), collector=collector)
            publish(self._files, self.root / table.name / segment.name, data)
            noted["bytes"] = len(data)
        return segment.name

    def accept(self, table: Table, segment: Segment, data: bytes) -> bool:
        """Keeps a segment that this program has made of another host's rows; False where the same ones are there."""
        self._make_sure()
        folder = self.root / table.name
        if any(self._holds(folder / n, data) for n in self._files.names(folder) if n.endswith(segment.content)):
            return False
        publish(self._files, folder / segment.name, data)
        return True

    def _holds(self, path: Path, data: bytes) -> bool:
        try:
            return self._files.read(path) == data
        except OSError:
            return False

    def next_order(self) -> int:
        """Later writes have higher numbers, also if the wall clock is set back while this process runs."""
        self._last_order = max(self._last_order + 1, time.time_ns())
        return self._last_order

    def append_missing(self, table: Table, rows: "pl.DataFrame", *, collector: str) -> tuple[int, int]:
        """Appends only rows that the lake does not have with these very values; gives (new, known).

        Bringing the same rows again brings nothing.
        """
        import polars as pl

        wanted = as_stored(table, rows.unique(subset=table.key, keep="last", maintain_order=True), complete=False)
        if wanted.is_empty():
            return 0, 0
        first, last = wanted["ts"].min(), wanted["ts"].max()
        assert isinstance(first, datetime)  # noqa: S101 - the table's check saw to it
        assert isinstance(last, datetime)  # noqa: S101
        columns, ids = wanted.columns, None
        if "resource_id" in columns:
            ids = wanted["resource_id"].unique().to_list()
        # No checksum needed here: a corrupted row would differ and be appended again, which is correct.
        existing = self.snapshot(proven=False).scan(
            table, start=first, end=last + timedelta(milliseconds=1), columns=columns, resource_ids=ids
        )
        joined = wanted.lazy().join(existing, on=columns, how="anti", nulls_equal=True)
        fresh = joined.sort(pl.col("ts"), *table.key).collect()
        self.append(table, fresh, collector=collector)
        return fresh.height, wanted.height - fresh.height

    @timed("lake", "compacted")
    def compact(self, *, now: datetime, grace_s: float = compaction.GRACE_S) -> Compaction:
        """Merges what was appended into sorted day files; see `plimsoll.lake.maintain.compaction`."""
        self._refuse_network()
        return compaction.compact(self._files, self.root, now=now, grace_s=grace_s)

    def snapshot(self, *, proven: bool = True, unsound: Sequence[str] | None = None) -> Snapshot:
        """One state of the lake, for as many reads as one answer needs.

        `proven` reads every byte of each file before its first use and leaves out what has changed on the disk; else
        that is done once a process, and again for a file that was touched. `unsound` is the word of another reader of
        the same state, who has proven the files: those (table/name) are left out, no long one is read for a proof.
        """
        soundness = Soundness(self._files, self.root, deep=proven, proofs=self._proofs if unsound is None else None)
        soundness.exclude(unsound or ())
        return open_snapshot(self._files, self.root, soundness, shorts=self._shorts)

    def verify(self, *, now: datetime, repair: bool = False, share: int = 1) -> Verified:
        """Proves files by their checksums; see `plimsoll.lake.maintain.verification`."""
        if repair:
            self._refuse_network()
        return verification.verify(self._files, self.root, now=now, repair=repair, share=share)

    def replace(self, kind: str, partition: str, frame: "pl.DataFrame | FrameBuffer") -> Path:
        """Makes a derived partition hold exactly this frame; doing it again changes nothing."""
        for part in (kind, partition):
            if not _PART.fullmatch(part):
                raise LakeError(f'"{shown(part)}" cannot name a derived table or partition: a-z 0-9 _ . = + - only')
        data = (
            encode_stream(frame, like=next(iter(frame))) if isinstance(frame, FrameBuffer) else encode_day_file(frame)
        )
        path = derived_path(self.root, kind, partition, checksum(data))
        publish(self._files, path, data)
        before = [name for name in self._files.names(path.parent) if name.rsplit(".", 2)[0] == partition]
        remove(self._files, (path.parent / name for name in before if name != path.name))
        return path

    def roll_up(self, *, now: datetime) -> int:
        """Makes the rollups of every finished day that has none of what it holds now; gives how many days."""
        snapshot = self.snapshot()
        waiting = rollup_days.due(snapshot, now.date())
        rolled, failed = 0, list[LakeError]()
        for day, file in waiting:
            snapshot.prove(SAMPLES, start=_midnight(day), end=_midnight(day) + timedelta(days=1))
            if f"{SAMPLES.name}/{file.name}" in snapshot.unsound:
                continue
            try:
                frames = rollup_days.roll(snapshot, day, file)
            except LakeError as error:  # the other days first
                failed.append(error)
                continue
            rolled += 1
            name = rollup_days.partition(file)
            for kind, frame in frames.items():
                self.replace(kind, name, frame)
                old = [other for other in snapshot.partitions(kind) if other.startswith(day) and other != name]
                self.delete_partitions(kind, old)
        if failed:
            raise failed[0]
        return rolled

    def keep_quarters(self, *, now: datetime, most: int = 7) -> int:
        """Keeps the analysis grid of finished days that changed, at most so many at once; gives how many were made."""
        snapshot = self.snapshot(proven=False)
        waiting = quarters.due(snapshot, now.date())[:most]
        for day, file in waiting:
            begin = _midnight(day)
            snapshot.prove(SAMPLES, start=begin, end=begin + timedelta(days=1))
            if f"{SAMPLES.name}/{file.name}" not in snapshot.unsound:
                self.replace(QUARTERS, rollup_days.partition(file), quarters.fill(snapshot, day, file))
        self.delete_partitions(QUARTERS, quarters.stale(snapshot))
        return len(waiting)

    def delete_partitions(self, kind: str, partitions: Sequence[str]) -> None:
        """Removes derived partitions that nothing needs any more."""
        folder, gone = self.root / "derived" / kind, set(partitions)
        remove(self._files, (folder / n for n in self._files.names(folder) if n.rsplit(".", 2)[0] in gone))

    def plan_retention(self, rules: RetentionPolicy, *, now: datetime) -> Planned:
        """What the rules no longer ask to keep; see `plimsoll.lake.maintain.retention`."""
        return retention.plan(self._files, self.root, rules, now=now)

    def apply_retention(
        self, rules: RetentionPolicy, announced: Sequence[RetentionDrop], *, now: datetime
    ) -> list[RetentionDrop]:
        """Drops what was announced, never more."""
        self._refuse_network()
        return retention.apply(self._files, self.root, rules, announced, now=now)

    def audit(self) -> list[dict[str, object]]:
        """Everything that was ever dropped."""
        return audit.read(self.root)

    def backup(self, target: Path) -> BackupResult:
        """A proven copy of one state in another folder; see `plimsoll.lake.maintain.backup`."""
        return backup.backup(self._files, self.root, target)

    def publish_catalog(self, place: SharedPlace, *, now: datetime) -> list[PublishedTable]:
        """Brings the Delta logs up to date with the manifest; see `plimsoll.lake.maintain.delta_log`."""
        return delta_log.publish_delta(self._files, self.root, place, now=now)

    def size(self) -> tuple[int, int]:
        """(bytes of the lake, free bytes on its disk)."""
        return retention.size_of(self.root)

    def _make_sure(self) -> None:
        """Before anything is accepted: there is room, and the lake is not of a newer program's making."""
        self._refuse_network()
        require_free_space(self._files, self.root)
        if not self._format_known:
            check_format(self._files, self.root)
            self._format_known = True

    def _refuse_network(self) -> None:
        """Before anything is written: what is decided by a lock or a rename must hold."""
        if not self._place_known:
            refuse_network(self.root, allowed=False)
            self._place_known = True


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
