"""Means of quarters of an hour: those that are kept of finished days; see `plimsoll.lake.maintain.quarters`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plimsoll.lake.format.audit import retired
from plimsoll.lake.format.manifest import day_of
from plimsoll.lake.read.snapshot import Snapshot
from plimsoll.tables import SAMPLES

if TYPE_CHECKING:
    import polars as pl

KIND: Final = "quarters"
STEP_S: Final = 900.0
EVERY: Final = "15m"


def kept(snapshot: Snapshot) -> Mapping[date, str]:
    """Day -> partition of the finished days whose quarters were made of what the day holds now.

    Not of days with readings that wait for the next compaction, nor of those that were dropped.
    """
    there = set(snapshot.partitions(KIND))
    if not there:
        return {}
    waiting = snapshot.days_with_open_segments(SAMPLES) | retired(snapshot.root, SAMPLES.name)
    found: dict[date, str] = {}
    for day, file in snapshot.manifest.of(SAMPLES.name).items():
        named = day_of(file.name)
        name = f"{named[0]}-{named[1]}" if named else ""
        if (
            name in there
            and date.fromisoformat(day) not in waiting
            and f"{SAMPLES.name}/{file.name}" not in snapshot.unsound
        ):
            found[date.fromisoformat(day)] = name
    return found


def sound(snapshot: Snapshot, of: Mapping[date, str]) -> Mapping[date, Path]:
    """The files of kept days, each proven; a damaged one is left out: it can be made again."""
    paths = {day: snapshot.derived_file(KIND, name) for day, name in of.items()}
    return {day: path for day, path in paths.items() if path is not None}


def of_readings(readings: "pl.LazyFrame", metrics: Sequence[str]) -> "pl.LazyFrame":
    """The means of quarters of readings with ts, resource_id and device, as they are kept; in no promised order."""
    import polars as pl

    keys = pl.col("ts").dt.truncate(EVERY), pl.col("resource_id"), pl.col("device")
    means = readings.group_by(*keys).agg(pl.col(list(metrics)).cast(pl.Float64).mean().cast(pl.Float32))
    return means.select("ts", "resource_id", "device", *metrics)


def means(
    path: Path, *, start: datetime, end: datetime, columns: Iterable[str], resource_ids: Sequence[str]
) -> "pl.LazyFrame":
    """Rows of [start, end) of a kept day, as the samples have them: a mean where samples have readings."""
    import polars as pl

    rows = pl.scan_parquet(path, glob=False)
    there = set(rows.collect_schema().names())
    chosen = rows.filter(
        pl.col("ts") >= start,
        pl.col("ts") < end,
        pl.col("resource_id").is_between(pl.lit(min(resource_ids)), pl.lit(max(resource_ids))),
        pl.col("resource_id").is_in(list(resource_ids)),
    )
    return chosen.select(pl.col(name) if name in there else pl.lit(None, pl.Float32).alias(name) for name in columns)
