"""What has to be known of all readings of a window together: gathered block by block, without keeping the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from plimsoll.analysis.performance.resources import statistics
from plimsoll.fleet.resources import Resource

Stats = Mapping[str, Mapping[str, Any]]
CAPACITY: Final = MappingProxyType(
    {
        "cpu_utilization_pct": "cpu_count",
        "memory_utilization_pct": "memory_bytes",
        "gpu_utilization_pct": "gpu_count",
    }
)
"""A utilization -> what it is a share of."""
_OF_REQUESTS: Final = ("response_time_ms", "error_rate_pct")


@dataclass(slots=True)
class FleetTotals:
    """The fleet's sums, and of three utilizations every value: quantiles are exact, not of percentiles.

    `stats` are each resource's means (`resources.statistics`); `loads` the sum of mean times capacity of each point;
    `over_requests` the sum of readings times requests, `requests_with` the requests behind it; `down` counts the
    readings of a resource that say it is down.
    """

    capacities: Mapping[str, Mapping[str, float]]
    samples: int = 0
    stats: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    loads: dict[str, dict[datetime, float]] = field(default_factory=lambda: {column: {} for column in CAPACITY})
    values: dict[str, list[pl.Series]] = field(default_factory=lambda: {column: [] for column in CAPACITY})
    requests: float = 0.0
    request_samples: int = 0
    over_requests: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_OF_REQUESTS, 0.0))
    requests_with: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_OF_REQUESTS, 0.0))
    probes: int = 0
    probes_pct: float = 0.0
    down: dict[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def of(cls, resources: Sequence[Resource]) -> "FleetTotals":
        """Nothing gathered yet; who has readings of a utilization and no capacity weighs as much as the usual one."""
        usual = {column: usual_capacity(column, resources) for column in CAPACITY}
        known_sizes = {column: {r.resource_id: getattr(r, of) for r in resources} for column, of in CAPACITY.items()}
        return cls(
            {c: {name: usual[c] if n is None else n for name, n in known.items()} for c, known in known_sizes.items()}
        )

    def add(self, readings: pl.DataFrame) -> None:
        """Takes the readings of some resources in the window (with `point`)."""
        self.samples += readings.height
        self.stats.update(statistics(readings))
        for column in CAPACITY:
            self._use(column, readings)
        throughput = pl.col("throughput_per_s")
        sums = readings.select(
            throughput.sum().alias("requests"),
            throughput.count().alias("n"),
            pl.col("probe_success_pct").sum().alias("probes_pct"),
            pl.col("probe_success_pct").count().alias("probes"),
            *((pl.col(c) * throughput).sum().alias(c) for c in _OF_REQUESTS),
            *(throughput.filter(pl.col(c).is_not_null()).sum().alias(f"{c}.requests") for c in _OF_REQUESTS),
        ).row(0, named=True)
        self.requests += sums["requests"]
        self.request_samples += sums["n"]
        self.probes += sums["probes"]
        self.probes_pct += sums["probes_pct"]
        for column in _OF_REQUESTS:
            self.over_requests[column] += sums[column]
            self.requests_with[column] += sums[f"{column}.requests"]
        down = readings.filter(pl.col("up_pct") < 50).group_by("resource_id").agg(pl.col("ts").n_unique())
        self.down.update(down.iter_rows())

    def quantile(self, column: str, q: float) -> float | None:
        """Of every reading of a utilization; None where there is none."""
        if not self.values[column]:
            return None
        found = pl.concat(self.values[column]).cast(pl.Float64).quantile(q, interpolation="linear")
        return found if isinstance(found, float) else None

    def _use(self, column: str, readings: pl.DataFrame) -> None:
        used = readings.select("resource_id", "point", column).drop_nulls(column)
        if used.is_empty():
            return
        self.values[column].append(used[column].cast(pl.Float32))  # as it is kept in the lake
        names = used["resource_id"].unique(maintain_order=True).to_list()
        weights = pl.DataFrame({"resource_id": names, "weight": [self.capacities[column][name] for name in names]})
        points = (
            used.group_by("point", "resource_id")
            .agg(pl.col(column).mean())
            .join(weights, on="resource_id")
            .sort("point", "resource_id")
            .group_by("point", maintain_order=True)
            .agg((pl.col(column) * pl.col("weight")).sum().alias("load"))
        )
        loads = self.loads[column]
        for at, load in points.iter_rows():
            loads[at] = loads.get(at, 0.0) + load


def usual_capacity(column: str, resources: Sequence[Resource]) -> float:
    """The mean of those that are known; 1 where none is."""
    sizes: list[float] = [value for r in resources if (value := getattr(r, CAPACITY[column]))]
    return sum(sizes) / len(sizes) if sizes else 1.0
