"""Verification: every file against its checksum; repair sets damaged files aside and makes a lost manifest anew."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plimsoll.errors import LakeError
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.lock import only_one
from plimsoll.lake.format.manifest import Damage
from plimsoll.lake.maintain.quarantine import noted, set_aside
from plimsoll.lake.maintain.repair import rebuild
from plimsoll.lake.read.integrity import Soundness
from plimsoll.lake.read.segment_cache import SegmentCache
from plimsoll.lake.read.snapshot import open_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was looked at and found; `damaged` was found now, `known` was set aside before, `set_aside` is moved."""

    files: int
    bytes: int
    damaged: Mapping[str, Damage]
    known: Mapping[str, Damage]
    set_aside: Sequence[str] = ()
    rebuilt: bool = False


def verify(files: Files, root: Path, *, now: datetime, repair: bool, share: int = 1) -> Verified:
    """Reads every byte of the lake, or one file in `share`, another one each day: all of them in `share` days."""
    if not repair:
        return _look(files, root, now, share)
    with only_one(root):
        rebuilt = not _readable(files, root) or not manifests.whole(files, root)
        if rebuilt:
            rebuild(files, root)
        looked = _look(files, root, now, share)
        manifest = manifests.load(files, root)
        if looked.damaged:
            manifest = manifests.save(files, root, noted(manifest, looked.damaged, now_s=now.timestamp()))
        moved = set_aside(files, root, manifest)
    return Verified(
        files=looked.files,
        bytes=looked.bytes,
        damaged=looked.damaged,
        known=looked.known,
        set_aside=moved,
        rebuilt=rebuilt,
    )


def _readable(files: Files, root: Path) -> bool:
    try:
        manifests.load(files, root)
    except LakeError as error:
        if "newer Plimsoll" in str(error):
            raise
        return False
    return True


def _look(files: Files, root: Path, now: datetime, share: int) -> Verified:
    soundness = Soundness(files, root, deep=True)
    snapshot = open_snapshot(files, root)
    looked, read = 0, 0
    for table, days in snapshot.manifest.days.items():
        for file in days.values():
            if _due(file.name, now, share):
                soundness.day(table, file)
                looked, read = looked + 1, read + file.bytes
    for table, segments in snapshot.open.items():
        due = [segment for segment in segments if _due(segment.name, now, share)]
        SegmentCache().groups(table, [segment for segment in due if segment.short], soundness)
        sound = [s for s in due if soundness.may_be_sound(table, s) and (s.short or soundness.segment(table, s))]
        read += sum(files.size(root / table / segment.name) for segment in sound)
        looked += len(due)
    return Verified(files=looked, bytes=read, damaged=soundness.found, known=snapshot.manifest.damaged)


def _due(name: str, now: datetime, share: int) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % share == now.date().toordinal() % share
