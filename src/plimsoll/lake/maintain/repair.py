"""A manifest made anew from the files themselves: their names carry their checksums, their footers their times."""

import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from plimsoll.errors import LakeError
from plimsoll.lake.format import audit
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.manifest import Damage, DayFile, Manifest, day_of, load, newest_generation, save
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.maintain.quarantine import reasons
from plimsoll.lake.read.integrity import CHANGED
from plimsoll.tables import TABLES

_DAY_MS: Final = 86_400_000


def rebuild(files: Files, root: Path) -> Manifest:
    """Publishes a manifest of what is there. Of two files for one day the one with more rows counts, then the newer.

    A merge never drops a row, so more rows means later. Segments that were merged already are merged once more, which
    changes nothing: the last write of a key wins, and they are deleted oldest first. What retention has dropped stays
    dropped: its files are those of the audit, its segments those that were written before.
    """
    try:
        before = load(files, root)
    except LakeError:
        before = Manifest()
    dropped = audit.dropped(root)
    days: dict[str, dict[str, DayFile]] = {}
    damaged = {**reasons(files, root), **before.damaged}
    replaced: dict[str, float] = {}
    for table in TABLES:
        gone = {key.partition("/")[2]: at_s for key, at_s in dropped.items() if key.startswith(f"{table}/")}
        sound, broken = _days(files, root / table, gone)
        damaged |= broken
        if sound:
            days[table] = sound
        replaced |= _gone(files, root / table, gone, before)
    generation = max(before.generation, newest_generation(files, root))
    made = Manifest(generation=generation, days=days, damaged=damaged, replaced=replaced, high_water=before.high_water)
    return save(files, root, made)


def _gone(files: Files, folder: Path, dropped: Mapping[str, float], before: Manifest) -> dict[str, float]:
    """Files of dropped days that are still there, by table/name, and since when nothing needs them."""
    days = {day: at_s for name, at_s in dropped.items() if (day := (day_of(name) or ("",))[0])}
    found: dict[str, float] = {}
    for name in files.names(folder):
        key, segment = f"{folder.name}/{name}", Segment.parse(name)
        if name in dropped:
            found[key] = dropped[name]
        elif segment is not None:
            since = [
                days[day] for day in (segment.first.date().isoformat(), segment.last.date().isoformat()) if day in days
            ]
            if since and (key in before.replaced or segment.order <= max(since) * 1e9):
                found[key] = before.replaced.get(key, max(since))
    return found


def _days(files: Files, folder: Path, dropped: Mapping[str, float]) -> tuple[dict[str, DayFile], dict[str, Damage]]:
    best: dict[str, tuple[int, float, DayFile]] = {}
    broken: dict[str, Damage] = {}
    for name in files.names(folder):
        day_and_hash = day_of(name)
        if day_and_hash is None or name in dropped:
            continue
        day, sha16 = day_and_hash
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
