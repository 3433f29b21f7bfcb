"""Backup: a proven copy of one state of the lake, made while writing goes on."""

from dataclasses import dataclass
from pathlib import Path

from plimsoll.errors import LakeError, TemporaryError
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.audit import AUDIT
from plimsoll.lake.format.files import Files, publish
from plimsoll.lake.read.integrity import MISSING, Soundness
from plimsoll.lake.read.snapshot import open_snapshot


@dataclass(frozen=True, slots=True)
class BackupResult:
    """What a backup holds."""

    files: int
    bytes: int


def backup(files: Files, root: Path, target: Path) -> BackupResult:
    """Copies day files, open segments and derived tables, each proven, and the manifest last.

    Files that are in the target already are not copied again: the next backup into the same folder is cheap.
    """
    snapshot = open_snapshot(files, root, Soundness(files, root, deep=True))
    soundness = snapshot.soundness
    assert soundness is not None  # noqa: S101 - given above
    names: list[str] = []
    for table, days in snapshot.manifest.days.items():
        names += [f"{table}/{file.name}" for file in days.values() if soundness.day(table, file)]
    for table, segments in snapshot.open.items():
        names += [f"{table}/{segment.name}" for segment in segments if soundness.segment(table, segment)]
    if soundness.found:
        key, damage = next(iter(soundness.found.items()))
        if damage.reason == MISSING:
            raise TemporaryError(f"{key}: was replaced while the backup ran; run it again")
        raise LakeError(f"{key}: {damage.reason}; set it aside first: plimsoll verify --repair")
    derived = sorted(path.relative_to(root).as_posix() for path in (root / "derived").glob("*/[!.]*.parquet"))
    copied = sum(_copy(files, root / name, target / name) for name in [*names, *derived])
    if (root / AUDIT).exists():
        publish(files, target / AUDIT, files.read(root / AUDIT))
    # without what is replaced: those files are not in the copy
    manifests.save(files, target, snapshot.manifest)
    return BackupResult(len(names) + len(derived), copied)


def _copy(files: Files, source: Path, target: Path) -> int:
    data = files.read(source)
    if not (target.exists() and files.size(target) == len(data)):
        publish(files, target, data)
    return len(data)
