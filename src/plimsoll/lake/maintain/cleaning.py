"""Deletion, always in two steps: a manifest no longer names a file, and a grace time later the file goes.

Only what is known to be replaced, or dropped by retention, is deleted: a day file that no manifest names may be all
that is left of a day, if the manifest is not the one that should be there. It is deleted where every row of it is in
the file that the manifest names; else it is set aside.
"""

import hashlib
from collections.abc import Set
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from plimsoll.errors import LakeError
from plimsoll.lake.format import audit
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.encoding import decoding
from plimsoll.lake.format.files import TEMPORARY, Files, remove, settle
from plimsoll.lake.format.manifest import DayFile, Manifest
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.maintain.quarantine import put_by
from plimsoll.tables import TABLES, Table

_STALE_TEMPORARY: Final = timedelta(hours=1)


def clean(files: Files, root: Path, *, now: datetime, grace_s: float) -> int:
    """Deletes replaced files whose grace is over, then forgets their names; removes what crashes left behind.

    Oldest first: should a crash come between, no older segment outlives the newer one that overwrote its rows. What was
    merged into a day file that is missing stays: it can be merged again.
    """
    manifest = manifests.load(files, root)
    over = [key for key, since in manifest.replaced.items() if now.timestamp() - since >= grace_s]
    if missing := _missing(files, root, manifest):
        over = [key for key in over if not _needed(key, missing)]
    over.sort(key=lambda key: (manifest.replaced[key], key))
    remove(files, (root / key for key in over))
    dropped = audit.dropped(root).keys()
    for table in TABLES.values():
        _remove_leftovers(files, root / table.name, now)
        _set_aside_unnamed(files, root, table, manifest, dropped, now.timestamp() - grace_s)
    if over:
        settle(files, sorted({root / key.split("/")[0] for key in over}))
        gone = set(over)
        kept = {key: since for key, since in manifest.replaced.items() if key not in gone}
        manifests.save(files, root, msgspec.structs.replace(manifest, replaced=kept))
    return len(over)


def _missing(files: Files, root: Path, manifest: Manifest) -> Set[tuple[str, str]]:
    """(table, day) whose file is not there."""
    return {
        (table, day)
        for table, days in manifest.days.items()
        for there in [set(files.names(root / table))]
        for day, file in days.items()
        if file.name not in there
    }


def _needed(key: str, missing: Set[tuple[str, str]]) -> bool:
    """Whether the file that has replaced this one is not there."""
    table, _, name = key.partition("/")
    return any((table, day) in missing for day in _days_of(name))


def _days_of(name: str) -> Set[str]:
    segment, day_file = Segment.parse(name), manifests.day_of(name)
    if segment is not None:
        return {segment.first.date().isoformat(), segment.last.date().isoformat()}
    return {day_file[0]} if day_file is not None else set()


def _remove_leftovers(files: Files, folder: Path, now: datetime) -> None:
    """Temporary files of dead writers."""
    for name in files.names(folder):
        if name.startswith(TEMPORARY):
            age_s = _age_s(folder / name, now.timestamp())
            if age_s is not None and age_s > _STALE_TEMPORARY.total_seconds():
                remove(files, [folder / name])


def _set_aside_unnamed(
    files: Files, root: Path, table: Table, manifest: Manifest, dropped: Set[str], before_s: float
) -> None:
    """Day files that no manifest names, of an unfinished compaction or of a manifest that is gone."""
    named = manifest.of(table.name)
    names = {file.name for file in named.values()}
    for name in files.names(root / table.name):
        key, day_file, path = f"{table.name}/{name}", manifests.day_of(name), root / table.name / name
        if day_file is None or name in names or key in manifest.replaced or key in manifest.damaged:
            continue
        age_s = _age_s(path, before_s)
        if age_s is None or age_s <= 0:
            continue
        if key in dropped or _covered(files, table, path, day_file[1], named.get(day_file[0])):
            remove(files, [path])
        else:
            put_by(files, root, key)


def _covered(files: Files, table: Table, path: Path, sha16: str, by: DayFile | None) -> bool:
    """Whether the file of the manifest has every row of this one."""
    import polars as pl

    other = path.with_name(by.name) if by is not None else None
    try:
        if other is None or hashlib.sha256(files.read(path)).hexdigest()[:16] != sha16:
            return False
        if hashlib.sha256(files.read(other)).hexdigest() != (by.sha256 if by else ""):
            return False
        with decoding("a day file cannot be read"):
            candidate, kept = (pl.scan_parquet(one, glob=False).select(table.key) for one in (path, other))
            alone = candidate.join(kept, on=table.key, how="anti").select(pl.len())
            return bool(alone.collect(engine="streaming").item() == 0)
    except (OSError, LakeError):
        return False


def _age_s(path: Path, at_s: float) -> float | None:
    """Seconds since it was written; None where it is gone."""
    try:
        return at_s - path.lstat().st_mtime
    except FileNotFoundError:
        return None
