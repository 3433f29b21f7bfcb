"""The manifest: the day files that count, and the segments that they have replaced. Two generations are kept.

A reader takes the manifest first and the folder second; what the manifest does not call replaced is still to be read. A
generation never goes back: a file of its own tells the newest one there was, so that an older manifest that is put back
(by a restore, by a tool that synchronizes) is known to be older.
"""

import hashlib
import re
from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import msgspec

from plimsoll.errors import AlreadyLocked, DiskError, LakeError
from plimsoll.lake.format import audit
from plimsoll.lake.format.files import Files, publish
from plimsoll.lake.format.lock import only_one
from plimsoll.tables import FORMAT_VERSION, TABLES

NAME = "MANIFEST.json"
PREVIOUS = "MANIFEST.previous.json"
GENERATION = "GENERATION"
_DAY_FILE = re.compile(r"d-(\d{4}-\d{2}-\d{2})-([0-9a-f]{16})\.parquet", re.ASCII)


class DayFile(msgspec.Struct, frozen=True, kw_only=True):
    """One compacted day of one table; times in ms since the epoch."""

    name: str
    sha256: str
    rows: int
    first_ms: int
    last_ms: int
    bytes: int


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not what was written: why, since when it is known, which time it covered (ms; None: unknown)."""

    reason: str
    noted_s: float
    first_ms: int | None = None
    last_ms: int | None = None
    rows: int | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One state of the lake. `days`: table -> day -> file; `replaced`: table/name -> when (seconds since the epoch).

    `damaged`: table/name -> what is known of a file that was set aside; `high_water`: table -> collector -> the order
    of the newest segment that was merged.
    """

    format: int = FORMAT_VERSION
    generation: int = 0
    days: dict[str, dict[str, DayFile]] = {}
    replaced: dict[str, float] = {}
    damaged: dict[str, Damage] = {}
    high_water: dict[str, dict[str, int]] = {}

    def of(self, table: str) -> Mapping[str, DayFile]:
        """The day files of a table by day."""
        return MappingProxyType(self.days.get(table, {}))


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A manifest on disk: its body and the body's checksum, so that a torn or flipped file is noticed."""

    body: bytes

    def bytes(self) -> bytes:
        return hashlib.sha256(self.body).hexdigest().encode() + b"\n" + self.body


def load(files: Files, root: Path) -> Manifest:
    """The manifest that counts; one that is damaged, or older than one there was, gives way to the best that is left.

    What is left may name what retention has dropped since: that is gone for good.
    """
    damage: list[str] = []
    found: list[Manifest] = []
    newest = newest_generation(files, root)
    for name in (NAME, PREVIOUS):
        try:
            manifest = _opened(files.read(root / name))
        except FileNotFoundError:
            continue
        except (msgspec.DecodeError, msgspec.ValidationError, ValueError, OSError) as error:
            damage.append(f"{name}: {error}")
            continue
        if manifest.generation >= newest:
            return manifest
        found.append(manifest)
    if found:
        return _without(max(found, key=lambda manifest: manifest.generation), audit.dropped(root).keys())
    if damage or any(day_of(name) for table in TABLES for name in files.names(root / table)):
        why = "; ".join(damage) or "both generations are missing"
        raise LakeError(f"{root.name}: no readable manifest ({why}); see: plimsoll verify --repair")
    return Manifest()


def newest_generation(files: Files, root: Path) -> int:
    """The newest generation there ever was here; 0 where that is not known."""
    with suppress(OSError, ValueError):
        return int(files.read(root / GENERATION))
    return 0


def whole(files: Files, root: Path) -> bool:
    """Whether the current generation can be read, and is the newest; an empty lake has none and is whole."""
    try:
        return _opened(files.read(root / NAME)).generation >= newest_generation(files, root)
    except FileNotFoundError:
        return not (root / PREVIOUS).exists()
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError, OSError):
        return False


def _without(manifest: Manifest, gone: Set[str]) -> Manifest:
    days = {
        table: {day: file for day, file in of_table.items() if f"{table}/{file.name}" not in gone}
        for table, of_table in manifest.days.items()
    }
    return msgspec.structs.replace(manifest, days=days)


def check_format(files: Files, root: Path) -> None:
    """Before anything is accepted: refuses a lake of a newer program's making, and marks an older one's as newer.

    So an older program refuses what it would not see. A damaged manifest does not stop accepting readings, and
    the process that holds the lock meanwhile writes the mark itself.
    """
    try:
        known = _opened(files.read(root / NAME)).format
    except FileNotFoundError:
        known = None
    except (OSError, msgspec.DecodeError, ValueError):
        return
    if known != FORMAT_VERSION:
        with suppress(LakeError, DiskError, AlreadyLocked), only_one(root):
            save(files, root, load(files, root))


def day_of(name: str) -> tuple[str, str] | None:
    """(day, the first 16 digits of the SHA-256) that a day file's name tells; None if it is something else.

    >>> day_of("d-2026-01-16-0123456789abcdef.parquet")
    ('2026-01-16', '0123456789abcdef')
    """
    match = _DAY_FILE.fullmatch(name)
    return (match[1], match[2]) if match else None


def _opened(raw: bytes) -> Manifest:
    seal, _, body = raw.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != seal:
        raise ValueError("checksum differs")
    newer = msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get("format")
    if newer is not None and int(bytes(newer)) > FORMAT_VERSION:
        raise LakeError(
            f"{NAME}: written by a newer Plimsoll (format {int(bytes(newer))}, this one reads {FORMAT_VERSION}); "
            "install the newer version; nothing was changed"
        )
    return msgspec.json.decode(body, type=Manifest)


def save(files: Files, root: Path, manifest: Manifest) -> Manifest:
    """Publishes the next generation, and gives it; the one before stays beside it."""
    current, following = root / NAME, _next(manifest)
    if whole(files, root) and current.exists():
        publish(files, root / PREVIOUS, files.read(current))
    publish(files, current, _Sealed(msgspec.json.encode(following, order="deterministic")).bytes())
    publish(files, root / GENERATION, str(following.generation).encode())
    return following


def _next(manifest: Manifest) -> Manifest:
    return msgspec.structs.replace(manifest, format=FORMAT_VERSION, generation=manifest.generation + 1)
