"""Compaction: open segments become sorted day files; the last write wins; a crash loses and doubles nothing.

New day files are published first, then the manifest that names them and what they replace; only after a grace time
are the replaced files deleted, so that a reader which began before still finds them. Every input's checksum is proven
first: what is damaged is set aside, and the rest goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.lock import only_one
from plimsoll.lake.format.manifest import DayFile, Manifest
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.maintain.cleaning import clean
from plimsoll.lake.maintain.day_files import merged_day, touched
from plimsoll.lake.maintain.quarantine import noted, set_aside
from plimsoll.lake.maintain.repair import rebuild
from plimsoll.lake.read.integrity import Soundness
from plimsoll.lake.read.segment_cache import SegmentCache
from plimsoll.lake.read.snapshot import Snapshot, open_snapshot
from plimsoll.tables import TABLES

GRACE_S = 1800.0
"""Longer than any reader takes: a run's deadline is half an hour."""
_MOST_ORDER: Final = 2**63 - 1


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
        snapshot = open_snapshot(files, root)
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
        merged = {day: merged_day(files, snapshot, TABLES[name], day) for day in touched(open_segments)}
        written = {day: file for day, file in merged.items() if file is not None}
        old = manifest.of(name)
        gone = [s.name for s in open_segments] + [old[d].name for d in written if d in old]
        gone = [n for n in gone if n not in {f.name for f in written.values()}]
        manifest = msgspec.structs.replace(
            manifest,
            days={**manifest.days, name: dict(sorted({**old, **written}.items()))},
            replaced={**_others(manifest.replaced, name, written), **{f"{name}/{n}": now.timestamp() for n in gone}},
            high_water={**manifest.high_water, name: _high_water(manifest.high_water.get(name, {}), open_segments)},
        )
        days, segments = days + len(written), segments + len(open_segments)
    return manifest, days, segments


def _others(replaced: Mapping[str, float], table: str, written: Mapping[str, DayFile]) -> dict[str, float]:
    """What stays replaced: a day that has become again what it was before has its old file back."""
    back = {f"{table}/{file.name}" for file in written.values()}
    return {key: since for key, since in replaced.items() if key not in back}


def _high_water(known: Mapping[str, int], merged: Sequence[Segment]) -> dict[str, int]:
    newest = dict(known)
    for segment in merged:
        newest[segment.collector] = max(min(segment.order, _MOST_ORDER), newest.get(segment.collector, 0))
    return dict(sorted(newest.items()))


def _prove_inputs(files: Files, snapshot: Snapshot) -> Soundness:
    """Reads every byte that is about to be merged, and decodes what would be joined, once."""
    soundness, shorts = Soundness(files, snapshot.root, deep=True), SegmentCache()
    for table, segments in snapshot.open.items():
        shorts.groups(table, [segment for segment in segments if segment.short], soundness)
        for segment in segments:
            if not segment.short:
                soundness.segment(table, segment)
        days = snapshot.manifest.of(table)
        for day in touched(segments):
            if day in days:
                soundness.day(table, days[day])
    return soundness


def _without_damaged(snapshot: Snapshot, soundness: Soundness, now: datetime) -> Snapshot:
    sound = {
        table: [s for s in segments if f"{table}/{s.name}" not in soundness.found]
        for table, segments in snapshot.open.items()
    }
    manifest = noted(snapshot.manifest, soundness.found, now_s=now.timestamp())
    return replace(snapshot, manifest=manifest, open={table: intact for table, intact in sound.items() if intact})
