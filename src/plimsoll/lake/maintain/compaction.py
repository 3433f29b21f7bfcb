"""Compaction: open segments become sorted day files; the last write wins; a crash loses and doubles nothing.

New day files are published first, then the manifest that names them and what they replace; only after a grace time
are the replaced files deleted, so that a reader which began before still finds them. Every input's checksum is proven
first: what is damaged is set aside, and the rest goes on.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.encoding import streamed
from plimsoll.lake.format.files import Files, publish
from plimsoll.lake.format.lock import only_one
from plimsoll.lake.format.manifest import DayFile, Manifest
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.maintain.cleaning import clean
from plimsoll.lake.maintain.quarantine import noted, set_aside
from plimsoll.lake.maintain.repair import rebuild
from plimsoll.lake.read.integrity import Soundness
from plimsoll.lake.read.snapshot import Snapshot, take
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

GRACE_S = 1800.0
"""Longer than any reader takes: a run's deadline is half an hour."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What one compaction did; `set_aside` are damaged files, `healed` says that the manifest was made anew."""

    segments: int
    days: int
    rows: int
    deleted: int
    set_aside: Sequence[str] = ()
    healed: bool = False


def compact(files: Files, root: Path, *, now: datetime, grace_s: float = GRACE_S) -> Compaction:
    """Merges all open segments into day files, publishes them, and deletes what was replaced long enough ago."""
    with only_one(root):
        healed = not manifests.whole(files, root)
        if healed:
            manifests.load(files, root)  # refuses where no generation can be read: that is for a person to decide
            rebuild(files, root)
        elif not (root / manifests.NAME).exists():
            # from now on day files without a manifest mean that it was lost, never that none was made yet
            manifests.save(files, root, manifests.load(files, root))
        deleted = clean(files, root, now=now, grace_s=grace_s)
        snapshot = take(files, root)
        damaged = _prove_inputs(files, snapshot)
        if damaged.found:
            snapshot = _without_damaged(snapshot, damaged, now)
        manifest, days, segments = _merge(files, snapshot, now)
        if segments or damaged.found:
            manifest = manifests.save(files, root, manifest)
        moved = set_aside(files, root, manifest)
        rows = sum(file.rows for table in manifest.days.values() for file in table.values())
        return Compaction(segments, days, rows, deleted, moved, healed)


def _merge(files: Files, snapshot: Snapshot, now: datetime) -> tuple[Manifest, int, int]:
    """The manifest after the merge of every open segment; how many days and segments that was."""
    manifest, days, segments = snapshot.manifest, 0, 0
    for name, open_segments in snapshot.open.items():
        merged = {day: _day(files, snapshot, TABLES[name], day) for day in _touched(open_segments)}
        written = {day: file for day, file in merged.items() if file is not None}
        old = manifest.of(name)
        gone = [s.name for s in sorted(open_segments)] + [old[d].name for d in written if d in old]
        gone = [n for n in gone if n not in {f.name for f in written.values()}]
        manifest = msgspec.structs.replace(
            manifest,
            days={**manifest.days, name: dict(sorted({**old, **written}.items()))},
            replaced={**manifest.replaced, **{f"{name}/{n}": now.timestamp() for n in gone}},
            high_water={**manifest.high_water, name: _high_water(manifest.high_water.get(name, {}), open_segments)},
        )
        days, segments = days + len(written), segments + len(open_segments)
    return manifest, days, segments


def _high_water(known: Mapping[str, int], merged: Sequence[Segment]) -> dict[str, int]:
    newest = dict(known)
    for segment in merged:
        newest[segment.collector] = max(segment.order, newest.get(segment.collector, 0))
    return dict(sorted(newest.items()))


def _prove_inputs(files: Files, snapshot: Snapshot) -> Soundness:
    """Reads every byte that is about to be merged, once."""
    soundness = Soundness(files, snapshot.root, deep=True)
    for table, segments in snapshot.open.items():
        for segment in segments:
            soundness.segment(table, segment)
        days = snapshot.manifest.of(table)
        for day in _touched(segments):
            if day in days:
                soundness.day(table, days[day])
    return soundness


def _without_damaged(snapshot: Snapshot, soundness: Soundness, now: datetime) -> Snapshot:
    sound = {
        table: [s for s in segments if f"{table}/{s.name}" not in soundness.found]
        for table, segments in snapshot.open.items()
    }
    manifest = noted(snapshot.manifest, soundness.found, now_s=now.timestamp())
    return replace(snapshot, manifest=manifest, open={table: held for table, held in sound.items() if held})


def _touched(segments: Sequence[Segment]) -> list[str]:
    found: set[str] = set()
    for segment in segments:
        day = segment.first.date()
        while day <= segment.last.date():
            found.add(day.isoformat())
            day += timedelta(days=1)
    return sorted(found)


def _day(files: Files, snapshot: Snapshot, table: Table, day: str) -> DayFile | None:
    """Writes one merged day; None where a segment spans a day without having a row of it."""
    parts = snapshot.blocks(table, date.fromisoformat(day))
    first = next(parts, None)
    if first is None or first.is_empty():
        return None
    return publish_day(files, snapshot.root, table, day, chain([first], parts), like=first)


def publish_day(
    files: Files, root: Path, table: Table, day: str, parts: "Iterable[pl.DataFrame]", *, like: "pl.DataFrame"
) -> DayFile:
    """Writes a sorted day, part by part, under a name that tells its content."""
    tally = _Tally()
    data = streamed(tally.of(parts), like=like)
    sha256 = hashlib.sha256(data).hexdigest()
    name = f"d-{day}-{sha256[:16]}.parquet"
    path = root / table.name / name
    if not path.exists():
        publish(files, path, data)
    return DayFile(
        name=name,
        sha256=sha256,
        rows=tally.rows,
        first_ms=min(tally.first_ms),
        last_ms=max(tally.last_ms),
        bytes=len(data),
    )


@dataclass(slots=True)
class _Tally:
    """What goes by: rows, and the first and last stamp of each part."""

    rows: int = 0
    first_ms: list[int] = field(default_factory=list[int])
    last_ms: list[int] = field(default_factory=list[int])

    def of(self, parts: "Iterable[pl.DataFrame]") -> "Iterator[pl.DataFrame]":
        """The parts, counted as they go by."""
        for part in parts:
            stamps = part["ts"].dt.epoch("ms")
            self.rows += part.height
            self.first_ms.append(int(str(stamps.min())))
            self.last_ms.append(int(str(stamps.max())))
            yield part
