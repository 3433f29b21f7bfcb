"""Days whose readings were dropped, read from the hourly rollups that outlive them: what was dropped was not silent.

An hour's count, sum, min and max become as many readings, evenly spread, that have this very count, sum, min and max:
the largest first, the smallest second, the others at their common mean. Means, peaks and coverage are exact; how values
follow one another inside an hour is not known any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from plimsoll.clock import EPOCH
from plimsoll.lake.format.audit import retired
from plimsoll.lake.read.snapshot import Snapshot
from plimsoll.tables import SAMPLES

if TYPE_CHECKING:
    import polars as pl

_KIND: Final = "hours"
_HOUR: Final = timedelta(hours=1)
_HOUR_MS: Final = 3_600_000
_PARTS: Final = ("count", "sum", "min", "max")


@dataclass(frozen=True, slots=True)
class Dropped:
    """The days of a window whose readings were dropped and whose hours are kept: day -> derived partition."""

    partitions: Mapping[date, str]

    @classmethod
    def of(cls, snapshot: Snapshot, start: datetime | None, end: datetime) -> "Dropped":
        """Those of [start, end)."""
        first, last = start.date() if start else date.min, (end - timedelta(microseconds=1)).date()
        gone = {day for day in retired(snapshot.root, SAMPLES.name) if first <= day <= last}
        if not gone:
            return cls({})
        kept = {date.fromisoformat(name[:10]): name for name in snapshot.partitions(_KIND)}
        return cls({day: kept[day] for day in sorted(gone & kept.keys())})


def readings(
    snapshot: Snapshot,
    *,
    start: datetime | None,
    end: datetime,
    columns: Iterable[str],
    resource_ids: Sequence[str] | None = None,
    extremes: bool = True,
) -> "pl.LazyFrame":
    """The samples of [start, end), as `Snapshot.scan` gives them; of dropped days those that the hours stand for.

    Without `extremes` every reading of an hour is its mean: for whatever looks at how values follow one another.
    """
    import polars as pl

    columns = list(columns)
    raw = snapshot.scan(SAMPLES, start=start, end=end, columns=columns, resource_ids=resource_ids)
    dropped = Dropped.of(snapshot, start, end).partitions
    if not dropped:
        return raw
    # what came late for a dropped day is not the day
    begin = start or EPOCH
    frames = [raw.filter(~pl.col("ts").dt.date().is_in(list(dropped)))]
    for name in dropped.values():
        path = snapshot.derived_file(_KIND, name)
        if path is not None:
            hours = pl.scan_parquet(path, glob=False).filter(pl.col("hour") > begin - _HOUR, pl.col("hour") < end)
            if resource_ids is not None:
                hours = hours.filter(pl.col("resource_id").is_in(list(resource_ids)))
            frames.append(_spread(hours, columns, extremes=extremes).filter(pl.col("ts") >= begin, pl.col("ts") < end))
    return pl.concat(frames)


def metrics(snapshot: Snapshot, start: datetime, end: datetime) -> tuple[set[str], set[str]]:
    """The metrics of dropped days of [start, end): of resources as wholes, and of devices."""
    import polars as pl

    whole, parts = set[str](), set[str]()
    for name in Dropped.of(snapshot, start, end).partitions.values():
        path = snapshot.derived_file(_KIND, name)
        if path is not None:
            known = pl.scan_parquet(path, glob=False).select("metric", of=pl.col("device") == "").unique().collect()
            for metric, is_whole in known.iter_rows():
                (whole if is_whole else parts).add(metric)
    return whole, parts


def _spread(hours: "pl.LazyFrame", columns: Sequence[str], *, extremes: bool) -> "pl.LazyFrame":
    """Rows of hours -> rows of samples with `columns`."""
    import polars as pl

    schema = SAMPLES.schema()
    keys = ("ts", "resource_id", "device", "source")
    wanted = [name for name in columns if name not in keys]
    wide = (
        hours.filter(pl.col("metric").is_in(wanted) if wanted else pl.lit(value=True))
        .group_by("hour", "resource_id", "device")
        .agg(
            pl.col("count").max().cast(pl.Int64).alias("_rows"),
            *(
                pl.col(part).filter(pl.col("metric") == name).first().cast(pl.Float64).alias(f"{name}.{part}")
                for name in wanted
                for part in _PARTS
            ),
        )
    )
    each = wide.with_columns(_nth=pl.int_ranges(0, pl.col("_rows"))).explode("_nth")
    after = (_HOUR_MS * pl.col("_nth") // pl.col("_rows")).cast(pl.Duration("ms"))
    value = _nth_reading if extremes else _mean
    found = each.with_columns(
        (pl.col("hour") + after).alias("ts"),
        pl.lit(_KIND).alias("source"),
        *(value(name).cast(schema[name]).alias(name) for name in wanted),
    )
    return found.select(pl.col(name).cast(schema[name]) for name in columns)


def _mean(name: str) -> "pl.Expr":
    import polars as pl

    count, total = pl.col(f"{name}.count"), pl.col(f"{name}.sum")
    return pl.when(pl.col("_nth") < count).then(total / count)


def _nth_reading(name: str) -> "pl.Expr":
    """The largest, the smallest, then what is left of the sum, in equal parts; null where the hour had fewer."""
    import polars as pl

    count, total, low, high = (pl.col(f"{name}.{part}") for part in _PARTS)
    nth = pl.col("_nth")
    rest = ((total - low - high) / (count - 2)).clip(low, high)
    return pl.when(nth >= count).then(None).when(nth == 0).then(high).when(nth == 1).then(low).otherwise(rest)
