"""Hourly readings -> the level of each day: what its busy hours need."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from plimsoll.analysis.robust import Floats, absent, pieces
from plimsoll.fleet.resources import Resource

LEAST_HOURS_A_DAY = 12
LEAST_CAPACITY_SHARE = 0.5
HOURS_A_DAY = 24
_BLOCK = 250


def hours_of(
    samples: pl.LazyFrame, resources: Sequence[Resource], metrics: Sequence[str], *, end: datetime, days: int
) -> tuple[dict[str, dict[str, Floats]], int]:
    """Each metric's hourly means by resource, read a block of resources at a time, and over how many days they go.

    The whole days before anything was read are left out: a young fleet has a short history, not a gap.
    """
    found: dict[str, dict[str, Floats]] = {metric: {} for metric in metrics}
    first = days * HOURS_A_DAY
    ids = sorted(resource.resource_id for resource in resources)
    for n in range(0, len(ids), _BLOCK):
        block = ids[n : n + _BLOCK]
        near = pl.col("resource_id").is_between(pl.lit(block[0]), pl.lit(block[-1]))
        of_block = samples.filter(near, pl.col("resource_id").is_in(block))
        means = hourly_means(of_block, metrics, end=end, days=days)
        first = min([first, *means.select(pl.col("hour").min()).drop_nulls()["hour"]])
        for metric in metrics:
            found[metric] |= matrix(means, metric, days=days)
    empty = min(first // HOURS_A_DAY, days - 1)
    young = {metric: {name: row[empty * HOURS_A_DAY :] for name, row in rows.items()} for metric, rows in found.items()}
    return young, days - empty


def hourly_means(samples: pl.LazyFrame, metrics: Sequence[str], *, end: datetime, days: int) -> pl.DataFrame:
    """Means of each resource and hour, `hour` 0 being the first of `days` days that end at `end`.

    in: `samples` with ts, resource_id, device and the metrics, any order  out: resource_id, hour, metrics, sorted
    """
    start = end - timedelta(days=days)
    hour = (pl.col("ts") - pl.lit(start)).dt.total_hours().alias("hour")
    return (
        samples.filter(pl.col("device") == "", pl.col("ts") >= start, pl.col("ts") < end)
        .group_by("resource_id", hour)
        .agg(pl.col(list(metrics)).cast(pl.Float64).mean())
        .sort("resource_id", "hour")
        .collect()
    )


def matrix(means: pl.DataFrame, metric: str, *, days: int) -> dict[str, Floats]:
    """Each resource's hours of a metric, NaN where nothing was read; resources without any reading are left out."""
    series: dict[str, Floats] = {}
    known = means.select("resource_id", "hour", metric).drop_nulls()
    for (resource_id,), part in known.partition_by("resource_id", as_dict=True, maintain_order=True).items():
        row = np.full(days * HOURS_A_DAY, np.nan)
        row[part["hour"].to_numpy()] = part[metric].to_numpy()
        series[str(resource_id)] = row
    return series


def pooled(series: Mapping[str, Floats], capacities: Mapping[str, float], *, hours: int) -> Floats:
    """The used share of a pool, hour by hour, weighted by capacity; NaN where less than half of it was read."""
    used, known = np.zeros(hours), np.zeros(hours)
    for resource_id, capacity in capacities.items():
        row = series.get(resource_id)
        if row is not None:
            there = ~np.isnan(row)
            used[there] += row[there] * capacity
            known[there] += capacity
    enough = known >= LEAST_CAPACITY_SHARE * sum(capacities.values())
    share: Floats = np.where(enough & (known > 0), used / np.where(known > 0, known, 1.0), np.nan)
    return share


def daily_level(hourly: Floats, quantile: float, *, least_hours: int = LEAST_HOURS_A_DAY) -> Floats:
    """The busy quantile of each day of each series; NaN where fewer than `least_hours` hours are known."""
    by_day = pieces(hourly, HOURS_A_DAY)
    enough = np.count_nonzero(~np.isnan(by_day), axis=2) >= least_hours

    def busy(values: Floats, axis: int) -> Floats:
        return np.asarray(np.nanquantile(values, quantile, axis=axis), dtype=np.float64)

    return np.where(enough, absent(busy, by_day), np.nan)
