"""Soundness: Parquet engines return wrong rows without an error after a flipped bit, so files are proven before use."""

import hashlib
import io
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from plimsoll.errors import LakeError
from plimsoll.lake.format.encoding import decoding
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.manifest import Damage, DayFile, Manifest
from plimsoll.lake.format.segments import Segment, checksum
from plimsoll.tables import TABLES

CHANGED = "the bytes have changed since they were written"
MISSING = "is missing"
UNREADABLE = "its rows are not what its name and its table ask for"
MOVABLE = (CHANGED, UNREADABLE, "bytes, ", "Input/output error", "link")
"""What only setting the file aside can mend; one that is missing or may not be read stays where it is."""
_MOST_REMEMBERED: Final = 20_000


class Proofs:
    """What a process has found out about files, each by its size, inode and time of change: once proven is enough."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[tuple[int, ...], str | None]] = OrderedDict()

    def known(self, key: str, identity: tuple[int, ...]) -> tuple[bool, str | None]:
        """(whether exactly this file was looked at, what was wrong with it)."""
        found = self._known.get(key)
        return (False, None) if found is None or found[0] != identity else (True, found[1])

    def remember(self, key: str, identity: tuple[int, ...], reason: str | None) -> None:
        """What was found; of very many files those looked at longest ago are forgotten."""
        self._known[key] = identity, reason
        self._known.move_to_end(key)
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)


@dataclass(slots=True)
class Soundness:
    """Looks at each file once, when it is first to be used; what is not sound is left out and reported.

    `deep` reads every byte and compares checksums (batch jobs, verify); else that is done once a file and process, as
    `proofs` remembers. Without either only presence, kind and size count: for a process that was given the list of
    damaged files.
    """

    files: Files
    root: Path
    deep: bool
    proofs: Proofs | None = None
    _seen: dict[str, Damage | None] = field(default_factory=dict[str, Damage | None])

    @property
    def found(self) -> Mapping[str, Damage]:
        """What was found to be damaged until now, by table/name."""
        return MappingProxyType({key: damage for key, damage in self._seen.items() if damage is not None})

    def exclude(self, keys: Iterable[str]) -> None:
        """Excludes files that another process has found damaged."""
        for key in keys:
            self._seen[key] = Damage(reason=CHANGED, noted_s=0.0)

    def exclude_segment(self, table: str, segment: Segment, reason: str) -> None:
        """Excludes a segment whose checksum is right but that does not decode to rows of this table."""
        self._note(f"{table}/{segment.name}", reason, segment.first_ms, segment.last_ms, segment.rows)

    def day(self, table: str, file: DayFile) -> bool:
        """Whether a day file is what the manifest says."""

        def judged(data: bytes) -> str | None:
            return CHANGED if hashlib.sha256(data).hexdigest() != file.sha256 else None

        key = f"{table}/{file.name}"
        if key not in self._seen:
            reason = self._reason(key, judged, size=file.bytes)
            self._note(key, reason, file.first_ms, file.last_ms, file.rows)
        return self._seen[key] is None

    def segment(self, table: str, segment: Segment) -> bool:
        """Whether a segment is what its name says, and a long one has as many rows of its table."""
        if segment.short:
            return self.bytes_of(table, segment) is not None
        key = f"{table}/{segment.name}"
        if key not in self._seen:
            reason = self._reason(key, lambda data: _wrong_with(table, segment, data))
            self._note(key, reason, segment.first_ms, segment.last_ms, segment.rows)
        return self._seen[key] is None

    def may_be_sound(self, table: str, segment: Segment) -> bool:
        """Whether nothing bad is known of a segment until now."""
        return self._seen.get(f"{table}/{segment.name}") is None

    def bytes_of(self, table: str, segment: Segment) -> bytes | None:
        """What a short segment holds, proven as it is read; None where it is not what its name says."""
        key = f"{table}/{segment.name}"
        if self._seen.get(key) is not None:
            return None
        data, reason = self._read(key)
        if data is not None and checksum(data) == segment.crc32:
            self._seen[key] = None
            return data
        self._note(key, reason or CHANGED, segment.first_ms, segment.last_ms, segment.rows)
        return None

    def _note(self, key: str, reason: str | None, first_ms: int, last_ms: int, rows: int | None) -> None:
        damage = Damage(reason=reason, noted_s=0.0, first_ms=first_ms, last_ms=last_ms, rows=rows) if reason else None
        self._seen[key] = damage

    def _reason(self, key: str, judged: Callable[[bytes], str | None], *, size: int | None = None) -> str | None:
        try:
            identity = self.files.identity(self.root / key)
        except FileNotFoundError:
            return MISSING
        except OSError as error:
            return error.strerror or str(error)
        if size is not None and identity[0] != size:
            return f"has {identity[0]:,} bytes, {size:,} were written"
        if not self.deep and self.proofs is None and identity[0]:
            return None
        known, reason = self.proofs.known(key, identity) if self.proofs and not self.deep else (False, None)
        if not known:
            data, reason = self._read(key)
            reason = reason if data is None else judged(data)
            if self.proofs is not None and data is not None:
                self.proofs.remember(key, identity, reason)
        return reason

    def _read(self, key: str) -> tuple[bytes | None, str | None]:
        """The bytes, or why there are none."""
        try:
            data = self.files.read(f"{self.root}/{key}")
        except FileNotFoundError:
            return None, MISSING
        except OSError as error:
            return None, error.strerror or str(error)
        return (data, None) if data else (None, "has 0 bytes, more were written")


def _wrong_with(table: str, segment: Segment, data: bytes) -> str | None:
    """Of a long segment: another checksum, or another number or kind of rows."""
    import polars as pl

    if checksum(data) != segment.crc32:
        return CHANGED
    try:
        with decoding(UNREADABLE):
            rows = pl.scan_parquet(io.BytesIO(data))
            strange = TABLES[table].strange(rows.collect_schema())
            found = rows.select(pl.len()).collect().item()
    except LakeError:
        return UNREADABLE
    return UNREADABLE if strange or segment.rows not in (None, found) else None


def overlapping(manifest: Manifest, found: Mapping[str, Damage], first_ms: int, last_ms: int) -> dict[str, Damage]:
    """Damage that concerns [first, last], known before or found now; damage of unknown time concerns everything."""
    return {
        key: damage
        for key, damage in sorted({**manifest.damaged, **found}.items())
        if (damage.last_ms is None or damage.last_ms >= first_ms)
        and (damage.first_ms is None or damage.first_ms <= last_ms)
    }
