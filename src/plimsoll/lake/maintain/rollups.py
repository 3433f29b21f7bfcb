"""Rollups: an hour or a day of readings in a few exact numbers and a histogram with logarithmic buckets.

Count, sum, min and max are exact, and hours add up to their day. A quantile over any number of hours comes from the sum
of their buckets, within 2 % of the exact value; percentiles are never averaged. Plain rows, so that any engine can read
and merge them. Source: the relative-error guarantee is that of DDSketch (Masson, Rim and Lee, VLDB 2019), alpha = 0.02.

    hours           hour, resource_id, device, metric, count, sum, min, max
    hour_buckets    hour, resource_id, device, metric, bucket, count
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

ALPHA: Final = 0.02
KEYS: Final = ("resource_id", "device", "metric", "hour")
_LOG_GAMMA: Final = math.log((1 + ALPHA) / (1 - ALPHA))
_SMALLEST: Final = 1e-6
_OFFSET: Final = 1000
"""Bucket codes keep the order of the values: -(1000 + n) for negative ones, 0 for zero, 1000 + n for positive ones."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One day of hours (or of one `day`, whose `hour` is midnight), and the buckets behind the quantiles."""

    totals: "pl.DataFrame"
    buckets: "pl.DataFrame"


def hourly(day: "pl.DataFrame", metrics: Sequence[str]) -> Rollup:
    """Readings of one UTC day (ts, resource_id, device, the metrics) -> its hours; null is not a reading."""
    import polars as pl

    keyed = day.with_columns(hour=pl.col("ts").dt.truncate("1h"))
    totals: list[pl.DataFrame] = []
    buckets: list[pl.DataFrame] = []
    for metric in metrics:
        known = keyed.select("resource_id", "device", "hour", value=pl.col(metric).cast(pl.Float64)).drop_nulls()
        if known.is_empty():
            continue
        grouped = known.group_by("resource_id", "device", "hour")
        totals.append(grouped.agg(*_totals()).with_columns(metric=pl.lit(metric)))
        counted = known.group_by("resource_id", "device", "hour", bucket=_bucket(pl.col("value")))
        buckets.append(counted.agg(count=pl.len().cast(pl.UInt32)).with_columns(metric=pl.lit(metric)))
    return _ordered(totals, buckets)


def daily(hours: Rollup) -> Rollup:
    """Hours of one day -> that day: the same numbers, added up."""
    import polars as pl

    midnight = pl.col("hour").dt.truncate("1d")
    keys = [midnight if name == "hour" else pl.col(name) for name in KEYS]
    totals = hours.totals.group_by(keys).agg(
        pl.col("count").sum(), pl.col("sum").sum(), pl.col("min").min(), pl.col("max").max()
    )
    buckets = hours.buckets.group_by(*keys, "bucket").agg(pl.col("count").sum())
    return _ordered([totals], [buckets])


def quantile(buckets: "pl.DataFrame", q: float, by: Sequence[str]) -> "pl.DataFrame":
    """The q-quantile (0 to 1) of all readings behind the buckets of each group of `by`, within 2 %.

    in: buckets with `by`, bucket, count  out: `by`, value
    """
    import polars as pl

    summed = buckets.group_by(*by, "bucket").agg(pl.col("count").cast(pl.Int64).sum()).sort(*by, "bucket")
    rank = (pl.col("count").sum().over(by) - 1) * q
    last = pl.col("count").cum_sum().over(by) - 1
    return (
        summed.with_columns(last=last, rank=rank)
        .filter(pl.col("last") >= pl.col("rank"))
        .group_by(by)
        .agg(pl.col("bucket").min())
        .select(*by, value=_value(pl.col("bucket")))
        .sort(by)
    )


def _totals() -> "list[pl.Expr]":
    import polars as pl

    value = pl.col("value")
    return [
        pl.len().cast(pl.UInt32).alias("count"),
        value.sum().alias("sum"),
        value.min().alias("min"),
        value.max().alias("max"),
    ]


def _bucket(value: "pl.Expr") -> "pl.Expr":
    import polars as pl

    size = (value.abs().log() / _LOG_GAMMA).ceil() + _OFFSET
    signed = pl.when(value < 0).then(-size).otherwise(size)
    return pl.when(value.abs() <= _SMALLEST).then(0).otherwise(signed).cast(pl.Int16)


def _value(bucket: "pl.Expr") -> "pl.Expr":
    """The value whose relative distance to both ends of the bucket is the same."""
    import polars as pl

    size = ((bucket.abs() - _OFFSET).cast(pl.Float64) * _LOG_GAMMA).exp() * (1 - ALPHA)
    return pl.when(bucket == 0).then(0.0).otherwise(size * bucket.sign())


def _ordered(totals: "Sequence[pl.DataFrame]", buckets: "Sequence[pl.DataFrame]") -> Rollup:
    import polars as pl

    keys = {"hour": pl.Datetime("ms", "UTC"), "resource_id": pl.String(), "device": pl.String(), "metric": pl.String()}
    number, count = pl.Float64(), pl.UInt32()
    wide = {**keys, "count": count, "sum": number, "min": number, "max": number}
    narrow = {**keys, "bucket": pl.Int16(), "count": count}
    whole = pl.concat([frame.select(_cast(wide)) for frame in totals] or [pl.DataFrame(schema=wide)])
    parts = pl.concat([frame.select(_cast(narrow)) for frame in buckets] or [pl.DataFrame(schema=narrow)])
    return Rollup(whole.sort(KEYS), parts.sort(*KEYS, "bucket"))


def _cast(schema: "Mapping[str, pl.DataType]") -> "list[pl.Expr]":
    import polars as pl

    return [pl.col(name).cast(dtype) for name, dtype in schema.items()]
