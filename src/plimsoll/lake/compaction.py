"""Compaction: open segments become sorted day files; the last write wins; a crash loses and doubles nothing.

New day files are published first, then the manifest that names them and what they replace; only after a grace time are
the replaced files deleted, so that a reader which began before still finds them.
"""

import fcntl
import hashlib
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from plimsoll.errors import HeldByAnother, LakeError
from plimsoll.lake import manifest as manifests
from plimsoll.lake.files import TEMPORARY, Files, publish, remove, settle
from plimsoll.lake.manifest import DayFile, Manifest
from plimsoll.lake.segments import Segment, encode
from plimsoll.lake.snapshot import Snapshot, take
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

GRACE_S = 60.0
_STALE_TEMPORARY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Compaction:
    """What one compaction did."""

    segments: int
    days: int
    rows: int
    deleted: int


def compact(files: Files, root: Path, *, now: datetime, grace_s: float = GRACE_S) -> Compaction:
    """Merges all open segments into day files, publishes them, and deletes what was replaced long enough ago."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(root):
        deleted = _clean(files, root, now=now, grace_s=grace_s)
        snapshot = take(files, root)
        manifest = snapshot.manifest
        days, segments = 0, 0
        for name, open_segments in snapshot.open.items():
            merged = {day: _day(files, snapshot, TABLES[name], day) for day in _touched(open_segments)}
            written = {day: file for day, file in merged.items() if file is not None}
            old = manifest.of(name)
            gone = [s.name for s in open_segments] + [old[d].name for d in written if d in old]
            gone = [n for n in gone if n not in {f.name for f in written.values()}]
            manifest = msgspec.structs.replace(
                manifest,
                days={**manifest.days, name: dict(sorted({**old, **written}.items()))},
                replaced={**manifest.replaced, **{f"{name}/{n}": now.timestamp() for n in gone}},
            )
            days, segments = days + len(written), segments + len(open_segments)
        if segments:
            manifests.save(files, root, msgspec.structs.replace(manifest, generation=manifest.generation + 1))
        rows = sum(file.rows for table in manifest.days.values() for file in table.values())
        return Compaction(segments, days, rows, deleted)


def _touched(segments: Sequence[Segment]) -> list[str]:
    found: set[str] = set()
    for segment in segments:
        day = segment.first.date()
        while day <= segment.last.date():
            found.add(day.isoformat())
            day += timedelta(days=1)
    return sorted(found)


def _day(files: Files, snapshot: Snapshot, table: Table, day: str) -> DayFile | None:
    """Writes one merged day; every input's checksum is proven before anything may be deleted.

    None where a segment spans a day without having a row of it.
    """
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    end = start + timedelta(days=1)
    for segment in snapshot.open[table.name]:
        if segment.first < end and segment.last >= start:
            path = snapshot.root / table.name / segment.name
            segment.check(files.read(path), path)
    if before := snapshot.manifest.of(table.name).get(day):
        data = files.read(snapshot.root / table.name / before.name)
        if hashlib.sha256(data).hexdigest() != before.sha256:
            raise LakeError(f"{before.name}: the bytes have changed since they were written; see: plimsoll verify")
    frame = snapshot.day(table, date.fromisoformat(day)).collect()
    if frame.is_empty():
        return None
    return _publish_day(files, snapshot.root, table, day, frame)


def _publish_day(files: Files, root: Path, table: Table, day: str, frame: "pl.DataFrame") -> DayFile:
    data = encode(frame, level=3, statistics=True)
    sha256 = hashlib.sha256(data).hexdigest()
    name = f"d-{day}-{sha256[:16]}.parquet"
    path = root / table.name / name
    if not path.exists():
        publish(files, path, data)
    first, last = frame["ts"].min(), frame["ts"].max()
    assert isinstance(first, datetime)  # noqa: S101 - a day that is compacted has rows
    assert isinstance(last, datetime)  # noqa: S101
    return DayFile(
        name=name,
        sha256=sha256,
        rows=frame.height,
        first_ms=round(first.timestamp() * 1000),
        last_ms=round(last.timestamp() * 1000),
        bytes=len(data),
    )


def _clean(files: Files, root: Path, *, now: datetime, grace_s: float) -> int:
    """Deletes replaced files whose grace is over, then forgets their names; removes what crashes left behind."""
    manifest = manifests.load(files, root)
    over = [key for key, since in manifest.replaced.items() if now.timestamp() - since >= grace_s]
    remove(files, (root / key for key in over))
    for table in TABLES:
        _remove_leftovers(files, root / table, manifest, now, grace_s)
    if over:
        settle(files, (root / table for table in {key.split("/")[0] for key in over}))
        kept = {key: since for key, since in manifest.replaced.items() if key not in set(over)}
        renewed = msgspec.structs.replace(manifest, replaced=kept, generation=manifest.generation + 1)
        manifests.save(files, root, renewed)
    return len(over)


def _remove_leftovers(files: Files, folder: Path, manifest: Manifest, now: datetime, grace_s: float) -> None:
    """Temporary files of dead writers, and day files that no manifest names."""
    named = {file.name for file in manifest.of(folder.name).values()}
    for name in files.names(folder):
        path = folder / name
        orphan = name.startswith("d-") and name not in named and f"{folder.name}/{name}" not in manifest.replaced
        try:
            age_s = now.timestamp() - path.stat().st_mtime
        except FileNotFoundError:
            continue
        stale = name.startswith(TEMPORARY) and age_s > _STALE_TEMPORARY.total_seconds()
        if stale or (orphan and age_s > grace_s):
            remove(files, [path])


@contextmanager
def only_one(root: Path) -> Generator[None]:
    """One compactor at a time; the kernel lets go when the process dies, however it dies."""
    descriptor = os.open(root / "compact.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HeldByAnother(f"{root.name}: another process is compacting the lake; it will be done soon") from error
        yield
    finally:
        os.close(descriptor)
