"""Retention: whole days leave the manifest, then the disk; what is dropped was announced, verified and recorded.

A day of readings goes only when it is older than asked for, not on legal hold, undamaged, compacted, and rolled up.
Nothing goes while the clock stands far from the newest reading: one of the two is wrong then.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from plimsoll.clock import rfc3339
from plimsoll.errors import DiskError, shown
from plimsoll.lake.format import audit
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.lock import only_one
from plimsoll.lake.format.manifest import DayFile
from plimsoll.lake.maintain import rollup_days
from plimsoll.lake.read.integrity import Soundness
from plimsoll.lake.read.snapshot import Snapshot, open_snapshot
from plimsoll.lake.stores import Store
from plimsoll.tables import SAMPLES, TABLES

_CLOCK_MAY_DIFFER: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionDrop:
    """One day of one table, or one derived partition, that is to go: by which rule, and how much that frees."""

    table: str
    day: str
    file: str
    rows: int
    bytes: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long each table is kept; `reason_to_keep` says why a day of a table must stay, or None.

    `resources_to_keep` says the same of days on which these resources have rows: resource -> why. Rows are never
    rewritten, so such a day stays whole.
    """

    days: Mapping[str, int]
    reason_to_keep: Callable[[str, date], str | None]
    resources_to_keep: Callable[[str, date], Mapping[str, str]] = field(default=lambda _table, _day: {})
    archive: Store | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What goes, and what stays although it is old enough, with the reason."""

    drops: Sequence[RetentionDrop]
    kept: Mapping[str, str]


def plan(files: Files, root: Path, rules: RetentionPolicy, *, now: datetime) -> Planned:
    """What would be dropped now; changes nothing."""
    snapshot = open_snapshot(files, root, Soundness(files, root, deep=True))
    if why := _strange_clock(snapshot, now):
        return Planned(drops=[], kept={"everything": why})
    drops: list[RetentionDrop] = []
    kept = _ahead(snapshot, now)
    rolled = set(snapshot.partitions(rollup_days.KINDS[-1]))
    for name, length in sorted(rules.days.items()):
        last = (now - timedelta(days=length)).date()
        rule = f"{name} kept for {length} days"
        if name in TABLES:
            waiting = snapshot.days_with_open_segments(TABLES[name])
            for day, file in snapshot.manifest.of(name).items():
                if date.fromisoformat(day) >= last:
                    continue
                why = _stays(files, snapshot, rules, name, file, date.fromisoformat(day), waiting, rolled)
                if why:
                    kept[f"{name} {day}"] = why
                else:
                    drops.append(
                        RetentionDrop(table=name, day=day, file=file.name, rows=file.rows, bytes=file.bytes, rule=rule)
                    )
        else:
            drops += _old_partitions(files, root, rules, name, last, rule, kept)
    return Planned(drops=drops, kept=kept)


def apply(
    files: Files, root: Path, rules: RetentionPolicy, announced: Sequence[RetentionDrop], *, now: datetime
) -> list[RetentionDrop]:
    """Drops what was announced and would still be dropped; never more."""
    with only_one(root):
        current = set(plan(files, root, rules, now=now).drops)
        chosen = [drop for drop in announced if drop in current]
        if not chosen:
            return []
        if rules.archive is not None:
            for drop in chosen:
                _archived(files, root, drop, rules.archive)
        manifest = manifests.load(files, root)
        gone = {(drop.table, drop.day) for drop in chosen}
        days = {
            table: {day: file for day, file in of_table.items() if (table, day) not in gone}
            for table, of_table in manifest.days.items()
        }
        whole = [drop for drop in chosen if drop.table in TABLES]
        replaced = {f"{drop.table}/{drop.file}": now.timestamp() for drop in whole}
        # the audit first: a drop that is not written down must not happen
        archive = rules.archive.uri if rules.archive else None
        audit.note(root, [{"at": rfc3339(now), **asdict(drop), "archive": archive} for drop in chosen])
        manifests.save(
            files, root, msgspec.structs.replace(manifest, days=days, replaced={**manifest.replaced, **replaced})
        )
        for drop in chosen:
            if drop.table not in TABLES:
                files.delete(root / "derived" / drop.table / drop.file)
        return chosen


def _strange_clock(snapshot: Snapshot, now: datetime) -> str | None:
    """Why the clock cannot be believed. Readings ahead of it say nothing: one host's clock would stop retention."""
    newest = max((file.last_ms for file in _days_until(snapshot, now)), default=None)
    if newest is None and not snapshot.manifest.of(SAMPLES.name):
        return None
    apart = timedelta.max if newest is None else abs(now - datetime.fromtimestamp(newest / 1000, UTC))
    if apart <= _CLOCK_MAY_DIFFER:
        return None
    many = "no reading is older than this clock" if newest is None else f"{apart.days} days apart"
    return (
        f"the newest reading and this clock: {many}; nothing is dropped until readings come again or the clock is right"
    )


def _days_until(snapshot: Snapshot, now: datetime) -> list[DayFile]:
    until_ms = (now + timedelta(days=1)).timestamp() * 1000
    return [file for file in snapshot.manifest.of(SAMPLES.name).values() if file.first_ms <= until_ms]


def _ahead(snapshot: Snapshot, now: datetime) -> dict[str, str]:
    """Days ahead of the clock, by table and day, with what to think of them."""
    until_ms = (now + timedelta(days=1)).timestamp() * 1000
    why = "ahead of this clock; a host's clock is wrong: it is in no report before its day comes"
    return {
        f"{table} {day}": why
        for table, days in snapshot.manifest.days.items()
        for day, file in days.items()
        if file.first_ms > until_ms
    }


def _stays(
    files: Files,
    snapshot: Snapshot,
    rules: RetentionPolicy,
    table: str,
    file: DayFile,
    day: date,
    waiting: set[date],
    rolled: set[str],
) -> str | None:
    path = snapshot.root / table / file.name
    if why := rules.reason_to_keep(table, day) or _needed_by(files, path, rules.resources_to_keep(table, day)):
        return why
    if day in waiting:
        return "late readings wait for compaction"
    if table == SAMPLES.name and rollup_days.partition(file) not in rolled:
        return "not rolled up yet"
    if snapshot.soundness is not None and not snapshot.soundness.day(table, file):
        return "damaged; see: plimsoll verify"
    return None


def _needed_by(files: Files, path: Path, resources: Mapping[str, str]) -> str | None:
    """Why a file must stay because of the resources it has rows of; one that cannot be read stays too."""
    import polars as pl

    if not resources:
        return None
    files.size(path)  # it is here from now on
    rows = pl.scan_parquet(path, glob=False)
    if "resource_id" not in rows.collect_schema().names():
        return None
    found = (
        rows.filter(pl.col("resource_id").is_in(list(resources))).select(pl.col("resource_id").min()).collect().item()
    )
    return None if found is None else f"{resources[found]} (it has rows of {shown(found)})"


def _old_partitions(
    files: Files, root: Path, rules: RetentionPolicy, kind: str, last: date, rule: str, kept: dict[str, str]
) -> list[RetentionDrop]:
    found: list[RetentionDrop] = []
    for name in files.names(root / "derived" / kind):
        try:
            day = date.fromisoformat(name[:10])
        except ValueError:
            continue
        if day >= last:
            continue
        path = root / "derived" / kind / name
        if why := rules.reason_to_keep(kind, day) or _needed_by(files, path, rules.resources_to_keep(kind, day)):
            kept[f"{kind} {day}"] = why
            continue
        size = files.size(path)
        found.append(RetentionDrop(table=kind, day=day.isoformat(), file=name, rows=0, bytes=size, rule=rule))
    return found


def _archived(files: Files, root: Path, drop: RetentionDrop, archive: Store) -> None:
    """A copy that was read back; without it nothing is dropped."""
    source = root / drop.table / drop.file if drop.table in TABLES else root / "derived" / drop.table / drop.file
    key, data = f"{drop.table}/{drop.file}", files.read(source)
    try:
        if archive.get(key).data == data:
            return
    except FileNotFoundError:
        archive.put(key, data)
    else:
        archive.put(key, data)
    if archive.get(key).data != data:
        raise DiskError(f"{archive.uri}/{key}: the archived copy differs from the original; nothing was dropped")


def size_of(root: Path) -> tuple[int, int]:
    """(bytes of the lake, free bytes on its disk)."""
    used = sum(path.stat().st_size for path in root.rglob("*.*") if path.suffix in (".parquet", ".arrows"))
    return used, shutil.disk_usage(root if root.exists() else root.parent).free
