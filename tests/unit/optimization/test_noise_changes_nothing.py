"""Anti-flap: noise around a limit changes no advice from day to day, in the documents that people read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from plimsoll.lake import Lake
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.tables import RESOURCES, SAMPLES
from tests.fleets import UNTIL
from tests.reports import sources_of

DAYS, HISTORY = 14, 9
STEP = timedelta(minutes=5)
ROWS = (DAYS + HISTORY) * 288
LIMITS = {
    "cpu-90": ("cluster", "cpu_utilization_pct", 90.0),
    "cpu-81": ("cluster", "cpu_utilization_pct", 81.0),  # three readings of a day over 90 more often than not
    "memory": ("cluster", "memory_utilization_pct", 92.0),
    "volume": ("storage", "storage_utilization_pct", 90.0),
    "link": ("network", "network_utilization_pct", 85.0),
    "under-used": ("cluster", "gpu_utilization_pct", 15.0),
    "too-large": ("endpoint", "gpu_utilization_pct", 32.5 / 1.088),  # the 95th percentile of the noise is the limit
    "stolen": ("cluster", "cpu_steal_pct", 10.0),
}


def fleet() -> Iterator[pl.DataFrame]:
    """One resource for each limit, at it for three weeks with 5 % of noise."""
    for n, (name, (_, metric, level)) in enumerate(LIMITS.items()):
        noise = np.random.default_rng(n).normal(0, 0.05, ROWS)
        since = UNTIL - ROWS * STEP
        stamps = pl.datetime_range(since, UNTIL - STEP, STEP, eager=True, time_unit="ms").alias("ts")
        yield pl.DataFrame({"ts": stamps, metric: np.clip(level * (1 + noise), 0, 100)}).with_columns(
            resource_id=pl.lit(name), device=pl.lit(""), source=pl.lit("test")
        )


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> QueryContext:
    """Their lake."""
    lake = Lake(tmp_path_factory.mktemp("noise") / "lake")
    common = {"ts": UNTIL - ROWS * STEP, "source": "test", "interval_s": 300.0}
    rows = [
        {**common, "resource_id": name, "name": name, "type": kind, "gpu_count": 8.0, "replicas_count": 6.0}
        for name, (kind, _, _) in LIMITS.items()
    ]
    lake.append(RESOURCES, rows, collector="test")
    lake.append(SAMPLES, SAMPLES.check(pl.concat(list(fleet()), how="diagonal")), collector="test")
    lake.compact(now=UNTIL)
    return sources_of(lake)


def test_the_same_ids_are_there_on_each_of_fourteen_days(sources: QueryContext) -> None:
    """Bottlenecks and advice, each at its limit: what was told on the first day is told on the last."""
    days: list[dict[str, frozenset[str]]] = []
    for back in range(DAYS):
        document, _ = optimization(replace(sources, as_of=UNTIL - timedelta(days=back)), OptimizationQuery())
        days.append(
            {
                one.resource_id: frozenset(
                    [bottleneck.id for bottleneck in one.bottlenecks or ()]
                    + [advice.id for advice in one.recommendations or ()]
                )
                for one in document.resources
            }
        )
    changed = {name for name in LIMITS if len({day[name] for day in days}) > 1}
    assert changed == set()
    assert {name for name in LIMITS if days[0][name]} == set(LIMITS)
