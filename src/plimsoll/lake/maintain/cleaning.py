"""Deletion, always in two steps: a manifest no longer names a file, and a grace time later the file goes."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.files import TEMPORARY, Files, remove, settle
from plimsoll.lake.format.manifest import Manifest
from plimsoll.tables import TABLES

_STALE_TEMPORARY = timedelta(hours=1)


def clean(files: Files, root: Path, *, now: datetime, grace_s: float) -> int:
    """Deletes replaced files whose grace is over, then forgets their names; removes what crashes left behind.

    Oldest first: should a crash come between, no older segment outlives the newer one that overwrote its rows.
    """
    manifest = manifests.load(files, root)
    over = [key for key, since in manifest.replaced.items() if now.timestamp() - since >= grace_s]
    over.sort(key=lambda key: (manifest.replaced[key], key))
    remove(files, (root / key for key in over))
    for table in TABLES:
        _remove_leftovers(files, root / table, manifest, now, grace_s)
    if over:
        settle(files, sorted({root / key.split("/")[0] for key in over}))
        gone = set(over)
        kept = {key: since for key, since in manifest.replaced.items() if key not in gone}
        manifests.save(files, root, msgspec.structs.replace(manifest, replaced=kept))
    return len(over)


def _remove_leftovers(files: Files, folder: Path, manifest: Manifest, now: datetime, grace_s: float) -> None:
    """Temporary files of dead writers, and day files that no manifest names."""
    named = {file.name for file in manifest.of(folder.name).values()}
    for name in files.names(folder):
        key, path = f"{folder.name}/{name}", folder / name
        known = name in named or key in manifest.replaced or key in manifest.damaged
        orphan = manifests.day_of(name) is not None and not known
        try:
            age_s = now.timestamp() - path.lstat().st_mtime
        except FileNotFoundError:
            continue
        stale = name.startswith(TEMPORARY) and age_s > _STALE_TEMPORARY.total_seconds()
        if stale or (orphan and age_s > grace_s):
            remove(files, [path])
