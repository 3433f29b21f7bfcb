"""Quarantine: a damaged file is set aside with its reason; nothing is deleted because it is damaged."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from plimsoll.lake.format.files import UNNAMED, Files, publish, settle
from plimsoll.lake.format.manifest import Damage, Manifest
from plimsoll.lake.read.integrity import MOVABLE

FOLDER = "quarantine"


def noted(manifest: Manifest, found: Mapping[str, Damage], *, now_s: float) -> Manifest:
    """The manifest that no longer counts the damaged files, and says so."""
    known = {key: msgspec.structs.replace(damage, noted_s=now_s) for key, damage in found.items()}
    days = {
        table: {day: file for day, file in of_table.items() if f"{table}/{file.name}" not in known}
        for table, of_table in manifest.days.items()
    }
    return msgspec.structs.replace(manifest, days=days, damaged={**manifest.damaged, **known})


def set_aside(files: Files, root: Path, manifest: Manifest) -> list[str]:
    """Moves what the manifest calls damaged; doing it again, or after a crash, changes nothing."""
    moved: list[str] = []
    for key, damage in manifest.damaged.items():
        path, target = root / key, root / FOLDER / key
        if not any(sign in damage.reason for sign in MOVABLE) or not _there(path):
            continue
        publish(files, target.with_name(f"{target.name}.json"), msgspec.json.encode(damage))
        files.rename(path, target)
        settle(files, [path.parent, target.parent])
        moved.append(key)
    return moved


def put_by(files: Files, root: Path, key: str) -> None:
    """Sets a file aside that nothing names and nothing has replaced: a person may know what it is."""
    target = root / UNNAMED / key
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.rename(root / key, target)
    settle(files, [(root / key).parent, target.parent])


def reasons(files: Files, root: Path) -> dict[str, Damage]:
    """What was set aside, from the notes beside the files: for a manifest that must be made anew."""
    found: dict[str, Damage] = {}
    for table in files.names(root / FOLDER):
        for name in files.names(root / FOLDER / table):
            if name.endswith((".parquet.json", ".arrows.json")):
                note = files.read(root / FOLDER / table / name)
                found[f"{table}/{name.removesuffix('.json')}"] = msgspec.json.decode(note, type=Damage)
    return found


def _there(path: Path) -> bool:
    return path.is_symlink() or path.exists()
