"""The fleet's totals: `aggregatedMetrics` and the service numbers of `overall`.

Utilizations are over the resources that were read, weighted by capacity: what was not read is unknown, and lowers none.
A resource whose capacity is not known weighs as much as the mean of those that are. Where nothing was read a
utilization is null; where the inventory has none of it (no GPU) it is 0, since nothing is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.analysis.performance.fleet_totals import CAPACITY, FleetTotals, Stats, usual_capacity
from plimsoll.analysis.performance.resources import rounded
from plimsoll.clock import rfc3339
from plimsoll.documents import AggregatedMetrics, ApiMetrics, Distribution, NetworkThroughput, StorageThroughput
from plimsoll.fleet.resources import Resource
from plimsoll.units import bit_rate, byte_rate


@dataclass(frozen=True, slots=True)
class Services:
    """The services' numbers over the window; None is unknown."""

    response_time_ms: float | None
    throughput_per_s: float | None
    error_rate_pct: float | None
    requests: float


def aggregate(whole: FleetTotals, resources: Sequence[Resource], services: Services) -> AggregatedMetrics:
    """The document's `aggregatedMetrics`."""
    stats = whole.stats
    cpu, memory, gpu = (_distribution(whole, column, resources) for column in CAPACITY)
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


def services_of(whole: FleetTotals) -> Services:
    """Means over requests where every resource counts its requests, else means over resources; throughput is a sum."""
    return Services(
        response_time_ms=_over_requests(whole, "response_time_ms"),
        throughput_per_s=_sum(whole.stats, "throughput_per_s.mean"),
        error_rate_pct=_over_requests(whole, "error_rate_pct"),
        requests=whole.requests,
    )


def known(value: float | None) -> float | None:
    """A number of the document, rounded; None stays None."""
    return None if value is None else rounded(value)


def _distribution(whole: FleetTotals, column: str, resources: Sequence[Resource]) -> Distribution:
    used = {resource_id: row for resource_id, row in whole.stats.items() if row[f"{column}.mean"] is not None}
    usual = usual_capacity(column, resources)
    known = {r.resource_id: getattr(r, CAPACITY[column]) for r in resources}
    weights = {name: usual if known[name] is None else known[name] for name in used}
    weights = {name: weight for name, weight in weights.items() if weight}
    if not weights:
        is_none = not resources or (column == "gpu_utilization_pct" and not any(known.values()))
        nothing = 0.0 if is_none else None
        return Distribution(average=nothing, p95=nothing, p99=nothing, peak_time=None)
    total = sum(weights.values())
    average = sum(used[name][f"{column}.mean"] * weights[name] / total for name in sorted(used) if name in weights)
    high = {q: whole.quantile(column, q) for q in (0.95, 0.99)}
    points = {at: round(load / total, 9) for at, load in whole.loads[column].items()}
    return Distribution(
        average=rounded(min(100.0, average)),
        p95=rounded(high[0.95] or 0.0),
        p99=rounded(high[0.99] or 0.0),
        peak_time=rfc3339(min(points, key=lambda at: (-points[at], at))),
    )


def _over_requests(whole: FleetTotals, column: str) -> float | None:
    having = [row for row in whole.stats.values() if row[f"{column}.mean"] is not None]
    requests = whole.requests_with[column]
    if not having or not requests or any(row["throughput_per_s.mean"] is None for row in having):
        return _mean(whole.stats, f"{column}.mean")
    return whole.over_requests[column] / requests


def _values(stats: Stats, name: str) -> list[float]:
    return [row[name] for row in stats.values() if row[name] is not None]


def _sum(stats: Stats, name: str) -> float | None:
    values = _values(stats, name)
    return sum(values) if values else None


def _mean(stats: Stats, name: str) -> float | None:
    values = _values(stats, name)
    return sum(values) / len(values) if values else None
