"""Soundness: Parquet engines return wrong rows without an error after a flipped bit, so files are proven before use."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from plimsoll.lake.format.files import Files
from plimsoll.lake.format.manifest import Damage, DayFile, Manifest
from plimsoll.lake.format.segments import Segment, checksum

CHANGED = "the bytes have changed since they were written"
MISSING = "is missing"
MOVABLE = (CHANGED, "bytes, ", "Input/output error", "link")
"""What only setting the file aside can mend; one that is missing or may not be read stays where it is."""


@dataclass(slots=True)
class Soundness:
    """Looks at each file once, when it is first to be used; what is not sound is left out and told.

    `deep` reads every byte and compares checksums (batch jobs, verify); else only presence, kind and size count.
    """

    files: Files
    root: Path
    deep: bool
    _seen: dict[str, Damage | None] = field(default_factory=dict[str, Damage | None])

    @property
    def found(self) -> Mapping[str, Damage]:
        """What was found to be damaged until now, by table/name."""
        return MappingProxyType({key: damage for key, damage in self._seen.items() if damage is not None})

    def leave_out(self, keys: Iterable[str]) -> None:
        """Takes the word of another reader of the same state, who has proven the files."""
        for key in keys:
            self._seen[key] = Damage(reason=CHANGED, noted_s=0.0)

    def day(self, table: str, file: DayFile) -> bool:
        """Whether a day file is what the manifest says."""

        def differs(data: bytes) -> bool:
            return hashlib.sha256(data).hexdigest() != file.sha256

        key = f"{table}/{file.name}"
        if key not in self._seen:
            reason = self._reason(key, differs, size=file.bytes)
            self._note(key, reason, file.first_ms, file.last_ms, file.rows)
        return self._seen[key] is None

    def segment(self, table: str, segment: Segment) -> bool:
        """Whether a segment is what its name says."""
        if segment.short:
            return self.bytes_of(table, segment) is not None
        key = f"{table}/{segment.name}"
        if key not in self._seen:
            reason = self._reason(key, lambda data: checksum(data) != segment.crc32)
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
        if data is not None and not (self.deep and checksum(data) != segment.crc32):
            self._seen[key] = None
            return data
        self._note(key, reason or CHANGED, segment.first_ms, segment.last_ms, segment.rows)
        return None

    def _note(self, key: str, reason: str | None, first_ms: int, last_ms: int, rows: int | None) -> None:
        damage = Damage(reason=reason, noted_s=0.0, first_ms=first_ms, last_ms=last_ms, rows=rows) if reason else None
        self._seen[key] = damage

    def _reason(self, key: str, differs: Callable[[bytes], bool], *, size: int | None = None) -> str | None:
        path = self.root / key
        try:
            there = self.files.size(path)
        except FileNotFoundError:
            return MISSING
        except OSError as error:
            return error.strerror or str(error)
        if size is not None and there != size:
            return f"has {there:,} bytes, {size:,} were written"
        data, reason = self._read(key) if self.deep or not there else (None, None)
        return CHANGED if data is not None and differs(data) else reason

    def _read(self, key: str) -> tuple[bytes | None, str | None]:
        """The bytes, or why there are none."""
        try:
            data = self.files.read(f"{self.root}/{key}")
        except FileNotFoundError:
            return None, MISSING
        except OSError as error:
            return None, error.strerror or str(error)
        return (data, None) if data else (None, "has 0 bytes, more were written")


def overlapping(manifest: Manifest, found: Mapping[str, Damage], first_ms: int, last_ms: int) -> dict[str, Damage]:
    """Damage that concerns [first, last], known before or found now; damage of unknown time concerns everything."""
    return {
        key: damage
        for key, damage in sorted({**manifest.damaged, **found}.items())
        if (damage.last_ms is None or damage.last_ms >= first_ms)
        and (damage.first_ms is None or damage.first_ms <= last_ms)
    }
