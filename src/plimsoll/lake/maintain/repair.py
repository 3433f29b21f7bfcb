"""A manifest made anew from the files themselves: their names carry their checksums, their footers their times."""

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from plimsoll.errors import LakeError
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.manifest import Damage, DayFile, Manifest, day_of, load, save
from plimsoll.lake.maintain.quarantine import reasons
from plimsoll.lake.read.integrity import CHANGED
from plimsoll.tables import TABLES

_DAY_MS: Final = 86_400_000


def rebuild(files: Files, root: Path) -> Manifest:
    """Publishes a manifest of what is there. Of two files for one day the one with more rows counts, then the newer.

    A merge never drops a row, so more rows means later. Segments that were merged already are merged once more, which
    changes nothing: the last write of a key wins, and they are deleted oldest first.
    """
    try:
        before = load(files, root)
    except LakeError:
        before = Manifest()
    days: dict[str, dict[str, DayFile]] = {}
    damaged = {**reasons(files, root), **before.damaged}
    for table in TABLES:
        sound, broken = _days(files, root / table)
        damaged |= broken
        if sound:
            days[table] = sound
    return save(files, root, Manifest(generation=before.generation, days=days, damaged=damaged))


def _days(files: Files, folder: Path) -> tuple[dict[str, DayFile], dict[str, Damage]]:
    best: dict[str, tuple[int, float, DayFile]] = {}
    broken: dict[str, Damage] = {}
    for name in files.names(folder):
        told = day_of(name)
        if told is None:
            continue
        day, sha16 = told
        data = files.read(folder / name)
        sha256 = hashlib.sha256(data).hexdigest()
        if not sha256.startswith(sha16):
            start = datetime.fromisoformat(day).replace(tzinfo=UTC)
            first_ms = round(start.timestamp() * 1000)
            whole_day = {"first_ms": first_ms, "last_ms": first_ms + _DAY_MS - 1}
            broken[f"{folder.name}/{name}"] = Damage(reason=CHANGED, noted_s=0.0, **whole_day)
            continue
        file = _described(name, sha256, data)
        rank = (file.rows, (folder / name).stat().st_mtime)
        if day not in best or rank > best[day][:2]:
            best[day] = (*rank, file)
    return {day: file for day, (_, _, file) in sorted(best.items())}, broken


def _described(name: str, sha256: str, data: bytes) -> DayFile:
    import polars as pl

    span = pl.scan_parquet(io.BytesIO(data)).select(
        rows=pl.len(), first=pl.col("ts").min().dt.epoch("ms"), last=pl.col("ts").max().dt.epoch("ms")
    )
    rows, first, last = span.collect().row(0)
    return DayFile(name=name, sha256=sha256, rows=rows, first_ms=first, last_ms=last, bytes=len(data))
