"""A day file: the rows of one UTC day, merged and sorted, under a name that tells its content."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.errors import LakeError
from plimsoll.lake.format.encoding import encode_stream
from plimsoll.lake.format.files import Files, publish
from plimsoll.lake.format.manifest import DayFile
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.read.snapshot import Snapshot
from plimsoll.tables import Table

if TYPE_CHECKING:
    import polars as pl


def touched(segments: Sequence[Segment]) -> list[str]:
    """The UTC days that segments span."""
    found: set[str] = set()
    for segment in segments:
        day = segment.first.date()
        while day <= segment.last.date():
            found.add(day.isoformat())
            day += timedelta(days=1)
    return sorted(found)


def merged_day(files: Files, snapshot: Snapshot, table: Table, day: str) -> DayFile | None:
    """Writes one merged day; None where a segment spans a day without having a row of it."""
    parts = snapshot.blocks(table, date.fromisoformat(day))
    first, before = next(parts, None), snapshot.manifest.of(table.name).get(day)
    if first is None or first.is_empty():
        if before is not None:
            raise LakeError(f"{table.name} {day}: its {before.rows} rows were not found again; nothing was changed")
        return None
    merged = publish_day(files, snapshot.root, table, day, chain([first], parts), like=first)
    least, most = _bounds(snapshot, table, day)
    if not least <= merged.rows <= most:
        mismatch = f"{merged.rows} rows came of a merge that has to give {least} to {most}"
        raise LakeError(f"{table.name} {day}: {mismatch}; nothing was changed; see: plimsoll verify")
    return merged


def _bounds(snapshot: Snapshot, table: Table, day: str) -> tuple[int, float]:
    """How many rows a merge may give: it adds keys and replaces values, and never takes a key away."""
    before = snapshot.manifest.of(table.name).get(day)
    fresh = [segment.rows for segment in snapshot.open[table.name] if day in touched([segment])]
    merged_before = before.rows if before is not None else 0
    return max(merged_before, 1), merged_before + sum(float("inf") if rows is None else rows for rows in fresh)


def publish_day(
    files: Files, root: Path, table: Table, day: str, parts: "Iterable[pl.DataFrame]", *, like: "pl.DataFrame"
) -> DayFile:
    """Writes a sorted day, part by part; LakeError where what was written has other rows than went in."""
    import polars as pl

    tally = _Tally()
    data = encode_stream(tally.of(parts), like=like)
    written = pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item()
    if written != tally.rows:
        raise LakeError(
            f"{table.name} {day}: {tally.rows} rows went in and {written} were written; nothing was changed"
        )
    sha256 = hashlib.sha256(data).hexdigest()
    name = f"d-{day}-{sha256[:16]}.parquet"
    path = root / table.name / name
    if not path.exists():
        publish(files, path, data)
    return DayFile(
        name=name,
        sha256=sha256,
        rows=tally.rows,
        first_ms=min(tally.first_ms),
        last_ms=max(tally.last_ms),
        bytes=len(data),
    )


@dataclass(slots=True)
class _Tally:
    """What goes by: rows, and the first and last stamp of each part."""

    rows: int = 0
    first_ms: list[int] = field(default_factory=list[int])
    last_ms: list[int] = field(default_factory=list[int])

    def of(self, parts: "Iterable[pl.DataFrame]") -> "Iterator[pl.DataFrame]":
        """The parts, counted as they go by."""
        for part in parts:
            stamps = part["ts"].dt.epoch("ms")
            self.rows += part.height
            self.first_ms.append(int(str(stamps.min())))
            self.last_ms.append(int(str(stamps.max())))
            yield part
