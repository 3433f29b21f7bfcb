"""The manifest: the day files that count, and the segments that they have replaced. Two generations are kept.

A reader takes the manifest first and the folder second; what the manifest does not call replaced is still to be read.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import msgspec

from plimsoll.errors import LakeError
from plimsoll.lake.files import Files, publish
from plimsoll.tables import FORMAT_VERSION

NAME = "MANIFEST.json"
PREVIOUS = "MANIFEST.previous.json"


class DayFile(msgspec.Struct, frozen=True, kw_only=True):
    """One compacted day of one table; times in ms since the epoch."""

    name: str
    sha256: str
    rows: int
    first_ms: int
    last_ms: int
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One state of the lake. `days`: table -> day -> file; `replaced`: table/name -> when (seconds since the epoch)."""

    format: int = FORMAT_VERSION
    generation: int = 0
    days: dict[str, dict[str, DayFile]] = {}
    replaced: dict[str, float] = {}

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
    """The manifest that counts; a damaged one gives way to the generation before."""
    damage: list[str] = []
    for name in (NAME, PREVIOUS):
        try:
            return _opened(files.read(root / name))
        except FileNotFoundError:
            continue
        except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as error:
            damage.append(f"{name}: {error}")
    if damage:
        raise LakeError(f"{root.name}: no readable manifest ({'; '.join(damage)}); see: plimsoll verify --repair")
    return Manifest()


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


def save(files: Files, root: Path, manifest: Manifest) -> None:
    """Publishes the next generation; the one before stays beside it."""
    current = root / NAME
    if current.exists():
        publish(files, root / PREVIOUS, files.read(current))
    publish(files, current, _Sealed(msgspec.json.encode(manifest, order="deterministic")).bytes())
