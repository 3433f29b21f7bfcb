"""Soundness: Parquet engines return wrong rows without an error after a flipped bit, so files are proven before use."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from plimsoll.lake.files import Files
from plimsoll.lake.manifest import Damage, DayFile, Manifest
from plimsoll.lake.segments import Segment, checksum

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

        known = {"first_ms": file.first_ms, "last_ms": file.last_ms, "rows": file.rows}
        return self._look(f"{table}/{file.name}", differs, known, size=file.bytes)

    def segment(self, table: str, segment: Segment) -> bool:
        """Whether a segment is what its name says."""
        known = {"first_ms": segment.first_ms, "last_ms": segment.last_ms}
        return self._look(f"{table}/{segment.name}", lambda data: checksum(data) != segment.crc32, known)

    def _look(
        self, key: str, differs: Callable[[bytes], bool], known: Mapping[str, int], *, size: int | None = None
    ) -> bool:
        if key not in self._seen:
            reason = self._reason(self.root / key, differs, size)
            self._seen[key] = None if reason is None else Damage(reason=reason, noted_s=0.0, **known)
        return self._seen[key] is None

    def _reason(self, path: Path, differs: Callable[[bytes], bool], size: int | None) -> str | None:
        try:
            there = self.files.size(path)
            if size is not None and there != size:
                return f"has {there:,} bytes, {size:,} were written"
            if there == 0:
                return "has 0 bytes, more were written"
            if self.deep and differs(self.files.read(path)):
                return CHANGED
        except FileNotFoundError:
            return MISSING
        except OSError as error:
            return error.strerror or str(error)
        return None


def overlapping(manifest: Manifest, found: Mapping[str, Damage], first_ms: int, last_ms: int) -> dict[str, Damage]:
    """Damage that concerns [first, last], known before or found now; damage of unknown time concerns everything."""
    return {
        key: damage
        for key, damage in sorted({**manifest.damaged, **found}.items())
        if (damage.last_ms is None or damage.last_ms >= first_ms)
        and (damage.first_ms is None or damage.first_ms <= last_ms)
    }
