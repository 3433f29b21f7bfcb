"""Rolling up: every finished day gets its rollups, again where late data changed it; and how long memory is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from plimsoll.errors import LakeError
from plimsoll.lake.format.audit import retired
from plimsoll.lake.format.encoding import FrameBuffer
from plimsoll.lake.format.manifest import DayFile, day_of
from plimsoll.lake.maintain.rollups import Rollup, daily, hourly
from plimsoll.lake.read.snapshot import Snapshot
from plimsoll.metrics import CATALOGUE
from plimsoll.tables import SAMPLES

if TYPE_CHECKING:
    import polars as pl

KINDS: Final = ("hours", "hour_buckets", "days", "day_buckets")


def partition(file: DayFile) -> str:
    """The partition that belongs to exactly this content of a day."""
    day_and_hash = day_of(file.name)
    assert day_and_hash is not None  # noqa: S101 - the manifest names day files only
    return f"{day_and_hash[0]}-{day_and_hash[1]}"


def due(snapshot: Snapshot, today: date) -> list[tuple[str, DayFile]]:
    """Days before `today` whose rollups were not made of what the day holds now, oldest first.

    Not those whose readings were dropped: what comes late for them is not the day, and must not replace its rollup.
    """
    gone = {day.isoformat() for day in retired(snapshot.root, SAMPLES.name)}
    made = set(snapshot.partitions(KINDS[-1]))
    waiting = {day.isoformat() for day in snapshot.days_with_open_segments(SAMPLES)}
    return [
        (day, file)
        for day, file in sorted(snapshot.manifest.of(SAMPLES.name).items())
        if day < today.isoformat() and day not in waiting | gone and partition(file) not in made
    ]


def roll(snapshot: Snapshot, day: str, file: DayFile) -> dict[str, FrameBuffer]:
    """The frames of one day by kind, block by block; a block's resources come before those of the next one.

    LakeError where other rows were read than the file has: a rollup outlives its readings.
    """
    found = {kind: FrameBuffer() for kind in KINDS}
    read = 0
    for readings in snapshot.blocks(SAMPLES, date.fromisoformat(day), ["ts", "resource_id", "device", *CATALOGUE]):
        known = (name for name in readings.columns if name in CATALOGUE)
        hours = hourly(readings, [name for name in known if readings[name].null_count() < readings.height])
        days: Rollup = daily(hours)
        for kind, frame in zip(KINDS, (hours.totals, hours.buckets, days.totals, days.buckets), strict=True):
            found[kind].add(frame)
        read += readings.height
    if read != file.rows:
        raise LakeError(f"{SAMPLES.name} {day}: {read} of {file.rows} rows were read; it is not rolled up")
    return found


@dataclass(frozen=True, slots=True)
class LongHistory:
    """Rows of a long window, and where they come from: `raw` and `hourly` are the days of either kind."""

    rows: "pl.LazyFrame"
    raw: Sequence[date]
    hourly: Sequence[date]


def read_long_history(
    snapshot: Snapshot, metrics: Sequence[str], *, start: datetime, end: datetime, resource_ids: Sequence[str] | None
) -> LongHistory:
    """Readings of [start, end) where readings are kept, else one row an hour with its mean.

    Right for whatever works with hourly means; a quantile of readings must come from the buckets instead.
    """
    import polars as pl

    columns = ("ts", "resource_id", "device", *metrics)
    raw = snapshot.scan(SAMPLES, start=start, end=end, columns=columns, resource_ids=resource_ids)
    first, last = start.date(), (end - timedelta(microseconds=1)).date()
    rolled = {date.fromisoformat(name[:10]): name for name in snapshot.partitions("hours")}
    gone = retired(snapshot.root, SAMPLES.name) & rolled.keys()
    raw_days = [day for day in snapshot.days(SAMPLES) if first <= day <= last and day not in gone]
    older = {day: name for day, name in rolled.items() if first <= day <= last and day not in set(raw_days)}
    if gone:
        raw = raw.filter(~pl.col("ts").dt.date().is_in(sorted(gone)))
    frames, names = [raw], list(columns)
    for name in older.values():
        path = snapshot.derived_file("hours", name)
        if path is not None:
            hours = pl.scan_parquet(path, glob=False)
            frames.append(_means(hours, metrics, start, end, resource_ids).select(names))
    return LongHistory(pl.concat(frames, how="vertical_relaxed"), raw_days, sorted(older))


def _means(
    hours: "pl.LazyFrame", metrics: Sequence[str], start: datetime, end: datetime, resource_ids: Sequence[str] | None
) -> "pl.LazyFrame":
    import polars as pl

    chosen = hours.filter(pl.col("hour") >= start, pl.col("hour") < end)
    if resource_ids is not None:
        chosen = chosen.filter(pl.col("resource_id").is_in(list(resource_ids)))
    mean = pl.col("sum") / pl.col("count")
    by_metric = [mean.filter(pl.col("metric") == name).first().alias(name) for name in metrics]
    return chosen.group_by(pl.col("hour").alias("ts"), "resource_id", "device").agg(by_metric)
