"""One resource's part of the document: gauges, groups and the time series."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from msgspec import UNSET, UnsetType

from plimsoll.analysis.grouped_quantiles import Runs
from plimsoll.analysis.performance.readings import summed
from plimsoll.clock import rfc3339
from plimsoll.documents import Gauge, Metrics, Network, Point, ResourcePerformance, Storage, Trend
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.fleet.presence import patience
from plimsoll.fleet.resources import Resource
from plimsoll.metrics import DOCUMENT_METRICS
from plimsoll.units import bit_rate, byte_rate

GAUGES = {"cpu": "cpu_utilization_pct", "memory": "memory_utilization_pct", "gpu": "gpu_utilization_pct"}
MEANS = (
    "network_receive_bits_per_s",
    "network_transmit_bits_per_s",
    "network_latency_ms",
    "disk_read_bytes_per_s",
    "disk_write_bytes_per_s",
    "response_time_ms",
    "throughput_per_s",
    "error_rate_pct",
)
Trends = Mapping[tuple[str, str], Trend]
"""(resource_id, column) -> label; what is absent has too short a history."""


def rounded(value: float) -> float:
    """Six significant digits: more than any sensor has, and no trace of Float32 in the documents.

    >>> rounded(72.30000305175781)
    72.3
    """
    return float(f"{value:.6g}")


def statistics(readings: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Each resource's means, peaks, last readings and number of readings in the window, by resource id.

    in: readings of one window, sorted by (resource_id, ts)
    """
    gauges = GAUGES.values()
    frame = readings.group_by("resource_id", maintain_order=True).agg(
        *(pl.col(c).mean().alias(f"{c}.mean") for c in (*gauges, *MEANS)),
        *(pl.col(c).max().alias(f"{c}.max") for c in gauges),
        *(pl.col(c).drop_nulls().last().alias(f"{c}.last") for c in gauges),
        *(pl.col("ts").filter(pl.col(c).is_not_null()).last().alias(f"{c}.last_ts") for c in gauges),
        summed(("disk_read_operations_per_s", "disk_write_operations_per_s")).mean().alias("iops.mean"),
        pl.col("ts").n_unique().alias("readings"),
        pl.col("ts").last().alias("last_ts"),
    )
    return {row["resource_id"]: row for row in frame.iter_rows(named=True)}


def time_series(readings: pl.DataFrame, query: PerformanceQuery) -> dict[str, list[Point]]:
    """Each resource's points, oldest first: the query's metrics by its aggregation; what was not read is left out.

    A document metric of two columns (`disk_io`) is the sum of both in each reading, before aggregation.
    """
    wanted = query.wanted_metrics
    frame = points(
        readings.select("resource_id", "point", *(summed(DOCUMENT_METRICS[name]).alias(name) for name in wanted)),
        query.aggregation,
    )
    series: dict[str, list[Point]] = {}
    for resource_id, at, *row in frame.iter_rows():
        values = {name: rounded(v) for name, v in zip(wanted, row, strict=True) if v is not None}
        if values:
            series.setdefault(resource_id, []).append(Point(timestamp=rfc3339(at), values=values))
    return series


def points(readings: pl.DataFrame, aggregation: str) -> pl.DataFrame:
    """The readings of each resource and point as one value of each column; null where there are none.

    Quantiles are linear (Hyndman-Fan type 7).
    in: resource_id, point, numbers, sorted by the first two  out: the same columns, a row for each resource and point
    """
    keys = ["resource_id", "point"]
    numbers = [name for name in readings.columns if name not in keys]
    if aggregation in ("p95", "p99"):
        runs, q = Runs.of(readings, *map(pl.col, keys)), float(aggregation[1:]) / 100
        found = {name: runs.quantile(readings[name].to_numpy(), q) for name in numbers}
        return readings.select(pl.col(keys).gather(runs.starts)).with_columns(
            pl.Series(name, values, nan_to_null=True) for name, values in found.items()
        )
    each = {"avg": pl.Expr.mean, "max": pl.Expr.max, "min": pl.Expr.min, "sum": _sum}[aggregation]
    return readings.group_by(keys, maintain_order=True).agg(each(pl.col(name)) for name in numbers)


def _sum(column: pl.Expr) -> pl.Expr:
    return pl.when(column.count() > 0).then(column.sum())


def resource_part(
    resource: Resource,
    stats: Mapping[str, Any] | None,
    series: Sequence[Point],
    query: PerformanceQuery,
    *,
    as_of: datetime,
    trends: Trends,
) -> ResourcePerformance:
    """The resource as the document shows it; without readings it has no group and no point."""
    return ResourcePerformance(
        resource_type=resource.type,
        resource_id=resource.resource_id,
        resource_name=resource.name,
        region=resource.region,
        metrics=_metrics(resource, stats, query, as_of, trends) if stats else Metrics(),
        time_series=list(series),
    )


def _metrics(
    resource: Resource, stats: Mapping[str, Any], query: PerformanceQuery, as_of: datetime, trends: Trends
) -> Metrics:
    wanted = query.wanted_metrics
    gauges = {
        group: _gauge(stats, column, resource, as_of, trends)
        for group, column in GAUGES.items()
        if f"{group}_utilization" in wanted
    }
    return Metrics(
        **gauges,
        network=_network(stats) if "network_io" in wanted else UNSET,
        storage=_storage(stats) if "disk_io" in wanted else UNSET,
    )


def _gauge(
    stats: Mapping[str, Any], column: str, resource: Resource, as_of: datetime, trends: Trends
) -> Gauge | UnsetType:
    if stats[f"{column}.mean"] is None:
        return UNSET
    waits = patience(resource)
    fresh = waits is None or as_of - stats[f"{column}.last_ts"] <= waits
    return Gauge(
        current=rounded(stats[f"{column}.last"]) if fresh else UNSET,
        average=rounded(stats[f"{column}.mean"]),
        peak=rounded(stats[f"{column}.max"]),
        trend=trends.get((resource.resource_id, column), UNSET),
    )


def _network(stats: Mapping[str, Any]) -> Network | UnsetType:
    inbound, outbound, latency = (stats[f"network_{c}.mean"] for c in _NETWORK)
    if inbound is None and outbound is None and latency is None:
        return UNSET
    return Network(
        inbound=UNSET if inbound is None else bit_rate(inbound),
        outbound=UNSET if outbound is None else bit_rate(outbound),
        latency=UNSET if latency is None else rounded(latency),
    )


_NETWORK = ("receive_bits_per_s", "transmit_bits_per_s", "latency_ms")


def _storage(stats: Mapping[str, Any]) -> Storage | UnsetType:
    read, write, iops = stats["disk_read_bytes_per_s.mean"], stats["disk_write_bytes_per_s.mean"], stats["iops.mean"]
    if read is None and write is None and iops is None:
        return UNSET
    return Storage(
        read_throughput=UNSET if read is None else byte_rate(read),
        write_throughput=UNSET if write is None else byte_rate(write),
        iops=UNSET if iops is None else rounded(iops),
    )
