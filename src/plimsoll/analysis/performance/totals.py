"""The fleet's totals: `aggregatedMetrics` and the service numbers of `overall`.

Utilisations are used / inventory: weighted by capacity, with what is in the inventory as the denominator. A resource
whose capacity nobody told weighs as much as the mean of those that are known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from plimsoll.analysis.performance.resources import rounded
from plimsoll.clock import rfc3339
from plimsoll.documents import AggregatedMetrics, ApiMetrics, Distribution, NetworkThroughput, StorageThroughput
from plimsoll.inventory import Resource
from plimsoll.units import bit_rate, byte_rate

_CAPACITY = {
    "cpu_utilization_pct": "cpu_count",
    "memory_utilization_pct": "memory_bytes",
    "gpu_utilization_pct": "gpu_count",
}
Stats = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Services:
    """The services' numbers over the window; None is unknown."""

    response_time_ms: float | None
    throughput_per_s: float | None
    error_rate_pct: float | None
    requests: float


def aggregate(
    readings: pl.DataFrame, stats: Stats, resources: Sequence[Resource], services: Services
) -> AggregatedMetrics:
    """The document's `aggregatedMetrics` from the readings of one window (with `point`) and each resource's means."""
    cpu, memory, gpu = (_distribution(readings, column, resources) for column in _CAPACITY)
    read, write, iops = (_sum(stats, f"{c}.mean") for c in ("disk_read_bytes_per_s", "disk_write_bytes_per_s", "iops"))
    inbound, outbound = (_sum(stats, f"network_{way}_bits_per_s.mean") for way in ("receive", "transmit"))
    errors = services.error_rate_pct
    return AggregatedMetrics(
        cpu_utilization=cpu,
        memory_utilization=memory,
        gpu_utilization=gpu,
        network_throughput=NetworkThroughput(
            total_inbound=None if inbound is None else bit_rate(inbound),
            total_outbound=None if outbound is None else bit_rate(outbound),
            average_latency=known(_mean(stats, "network_latency_ms.mean")),
        ),
        storage_throughput=StorageThroughput(
            total_read=None if read is None else byte_rate(read),
            total_write=None if write is None else byte_rate(write),
            average_iops=known(iops),
        ),
        api_metrics=ApiMetrics(
            average_response_time=known(services.response_time_ms),
            throughput=known(services.throughput_per_s),
            success_rate=known(None if errors is None else 100 - errors),
            error_rate=known(errors),
        ),
    )


def services_of(readings: pl.DataFrame, stats: Stats) -> Services:
    """Means over requests where every resource counts its requests, else means over resources; throughput is a sum."""
    return Services(
        response_time_ms=_over_requests(readings, stats, "response_time_ms"),
        throughput_per_s=_sum(stats, "throughput_per_s.mean"),
        error_rate_pct=_over_requests(readings, stats, "error_rate_pct"),
        requests=_scalar(readings, pl.col("throughput_per_s").sum()) or 0.0,
    )


def weights(column: str, resources: Sequence[Resource], reporting: set[str]) -> dict[str, float]:
    """Resource id -> capacity behind a utilisation: what the inventory has of it, or reports readings of it."""
    told = {r.resource_id: getattr(r, _CAPACITY[column]) for r in resources}
    capacities: list[float] = [value for value in told.values() if value]
    usual = sum(capacities) / len(capacities) if capacities else 1.0
    return {
        resource_id: value or usual
        for resource_id, value in told.items()
        if value or (value is None and resource_id in reporting)
    }


def known(value: float | None) -> float | None:
    """A number of the document, rounded; None stays None."""
    return None if value is None else rounded(value)


def _distribution(readings: pl.DataFrame, column: str, resources: Sequence[Resource]) -> Distribution:
    used = readings.filter(pl.col(column).is_not_null())
    weight_of = weights(column, resources, set(used["resource_id"].unique()))
    if not weight_of:
        return Distribution(average=0.0, p95=0.0, p99=0.0, peak_time=None)
    if used.is_empty():
        return Distribution(average=None, p95=None, p99=None, peak_time=None)
    capacity = pl.DataFrame({"resource_id": list(weight_of), "weight": list(weight_of.values())})
    total = sum(weight_of.values())
    weighted = pl.col(column) * pl.col("weight") / total
    means = used.group_by("resource_id").agg(pl.col(column).mean()).join(capacity, on="resource_id")
    points = (
        used.group_by("point", "resource_id")
        .agg(pl.col(column).mean())
        .join(capacity, on="resource_id")
        .sort("point", "resource_id")
        .group_by("point", maintain_order=True)
        .agg(weighted.sum().round(9).alias("mean"))
    )
    average = means.sort("resource_id").select(weighted.sum()).item()
    return Distribution(
        average=rounded(min(100.0, average)),
        p95=rounded(_scalar(used, pl.col(column).quantile(0.95, interpolation="linear")) or 0.0),
        p99=rounded(_scalar(used, pl.col(column).quantile(0.99, interpolation="linear")) or 0.0),
        peak_time=rfc3339(points.sort("mean", "point", descending=[True, False])["point"][0]),
    )


def _over_requests(readings: pl.DataFrame, stats: Stats, column: str) -> float | None:
    having = [row for row in stats.values() if row[f"{column}.mean"] is not None]
    if not having or any(row["throughput_per_s.mean"] is None for row in having):
        return _mean(stats, f"{column}.mean")
    both = readings.filter(pl.col(column).is_not_null(), pl.col("throughput_per_s").is_not_null())
    requests = _scalar(both, pl.col("throughput_per_s").sum())
    if not requests:
        return _mean(stats, f"{column}.mean")
    weighted = _scalar(both, (pl.col(column) * pl.col("throughput_per_s")).sum())
    return None if weighted is None else weighted / requests


def _values(stats: Stats, name: str) -> list[float]:
    return [row[name] for row in stats.values() if row[name] is not None]


def _sum(stats: Stats, name: str) -> float | None:
    values = _values(stats, name)
    return sum(values) if values else None


def _mean(stats: Stats, name: str) -> float | None:
    values = _values(stats, name)
    return sum(values) / len(values) if values else None


def _scalar(frame: pl.DataFrame, value: pl.Expr) -> float | None:
    result: float | None = frame.select(value).item()
    return result
