"""Past raw retention documents read the hourly rollups: what was dropped was not silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plimsoll.analysis.performance.alerts import OpenAlert
from plimsoll.documents import Evidence, PerformanceDocument
from plimsoll.documents.evidence import CoverageDetail
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.lake import Lake, RetentionPolicy, hours
from plimsoll.queries.alerts import open_alerts
from plimsoll.queries.anomalies import AnomaliesQuery, anomalies
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.performance import performance
from plimsoll.tables import RESOURCES, SAMPLES
from tests.reports import sources_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PAST = datetime(2026, 5, 3, 12, tzinfo=UTC)
DAY = PerformanceQuery.parse(time_range="24h", granularity="1h")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Thirty-three days of two hosts, one over its line, and one silent for the last half of the third day."""
    made = Lake(tmp_path_factory.mktemp("past") / "lake")
    start = NOW - timedelta(days=33)
    times = pl.datetime_range(start, NOW, "5m", closed="left", eager=True, time_unit="ms").dt.replace_time_zone("UTC")
    rng = np.random.default_rng(8)
    for name, level in (("calm", 40.0), ("full", 97.0), ("silent", 30.0)):
        rows = pl.DataFrame(
            {
                "ts": times,
                "resource_id": name,
                "device": "",
                "source": "t",
                "cpu_utilization_pct": np.clip(level + rng.normal(0, 1, len(times)), 0, 100),
                "memory_utilization_pct": 20 + rng.normal(0, 1, len(times)),
            }
        )
        silent = (pl.col("ts") >= PAST - timedelta(hours=12)) & (pl.col("ts") < PAST + timedelta(hours=1))
        made.append(SAMPLES, rows.filter(~silent) if name == "silent" else rows, collector="t")
    made.append(
        RESOURCES,
        [
            {"ts": start, "resource_id": n, "name": n, "type": "cluster", "source": "t", "interval_s": 300.0}
            for n in ("calm", "full", "silent")
        ],
        collector="t",
    )
    made.compact(now=NOW)
    made.roll_up(now=NOW)
    return made


@pytest.fixture(scope="module")
def before(lake: Lake) -> QueryContext:
    """As long as all readings are there."""
    return replace(sources_of(lake), as_of=PAST)


@pytest.fixture(scope="module")
def dropped(lake: Lake, before: QueryContext, tmp_path_factory: pytest.TempPathFactory) -> QueryContext:
    """The same lake after its readings older than twenty days were dropped."""
    import shutil

    root = tmp_path_factory.mktemp("dropped") / "lake"
    shutil.copytree(lake.root, root)
    copy = Lake(root)
    rules = RetentionPolicy(days={"samples": 20}, reason_to_keep=lambda _t, _d: None)
    assert copy.apply_retention(rules, copy.plan_retention(rules, now=NOW).drops, now=NOW)
    assert copy.snapshot().scan(SAMPLES, end=PAST).collect().is_empty()
    return replace(before, snapshot=copy.snapshot())


def coverage(evidence: list[Evidence]) -> dict[str, tuple[float | None, object]]:
    """Coverage and silence by resource."""
    return {
        one.subject: (one.observed, one.typed(CoverageDetail).silent)
        for one in evidence
        if one.subject.startswith("coverage.")
    }


def gauges(document: PerformanceDocument) -> dict[str, tuple[float, float]]:
    """Mean and peak of the CPU by resource."""
    return {
        one.resource_id: (one.metrics.cpu.average, one.metrics.cpu.peak)
        for one in document.resources
        if one.metrics.cpu
    }


def test_performance_of_dropped_days_is_what_it_was(before: QueryContext, dropped: QueryContext) -> None:
    """Health, availability, coverage, silence, means and peaks; and the evidence says where they were read."""
    (then, proof), (now, later) = performance(before, DAY), performance(dropped, DAY)
    assert now.overall.health_score == then.overall.health_score
    assert now.overall.availability_score == pytest.approx(then.overall.availability_score)
    assert coverage(later) == coverage(proof)
    assert coverage(later)["coverage.silent"][1] is True
    assert gauges(now).keys() == gauges(then).keys()
    for name, (average, peak) in gauges(then).items():
        assert gauges(now)[name] == pytest.approx((average, peak), rel=1e-5)
    said = [one for one in later if one.subject == "lake.resolution"]
    assert [one.observed for one in said] == [2.0]
    assert not [one for one in proof if one.subject == "lake.resolution"]


def test_alerts_of_dropped_days_are_still_there(before: QueryContext, dropped: QueryContext) -> None:
    """The same resources over the same lines."""

    def lines(found: list[OpenAlert]) -> set[tuple[str, str]]:
        return {(one.alert.resource, one.line) for one in found}

    assert lines(open_alerts(dropped)) == lines(open_alerts(before)) != set()


def test_optimization_and_anomalies_read_the_hours_too(before: QueryContext, dropped: QueryContext) -> None:
    """The same resources hold readings, and the same are judged."""
    query = OptimizationQuery.parse()
    then, now = optimization(before, query)[0], optimization(dropped, query)[0]
    causes = [
        [(one.resource_id, [b.component for b in one.bottlenecks or ()]) for one in d.resources] for d in (then, now)
    ]
    assert causes[0] == causes[1]
    asked = AnomaliesQuery.parse(time_range="24h", granularity="15m")
    judged = [
        next(one.detail for one in anomalies(sources, asked)[1] if one.subject == "anomalies.judged")
        for sources in (before, dropped)
    ]
    assert judged[0] == judged[1]


def test_readings_of_hours_have_their_count_sum_min_and_max(before: QueryContext, dropped: QueryContext) -> None:
    """Hour by hour, also where the window cuts through a day that was dropped."""
    columns = ("ts", "resource_id", "device", "source", "cpu_utilization_pct")
    value = pl.col("cpu_utilization_pct").cast(pl.Float64)
    keys = ("resource_id", pl.col("ts").dt.truncate("1h"))

    def by_hour(sources: QueryContext) -> pl.DataFrame:
        rows = hours.readings(
            sources.snapshot, start=PAST - timedelta(hours=30), end=PAST + timedelta(days=12), columns=columns
        )
        grouped = rows.group_by(*keys).agg(value.count().alias("n"), value.sum().alias("sum"), value.min().alias("low"),
                                           value.max().alias("high"))  # fmt: skip
        return grouped.sort("resource_id", "ts").collect()

    then, now = by_hour(before), by_hour(dropped)
    assert then.select("resource_id", "ts", "n").equals(now.select("resource_id", "ts", "n"))
    for name in ("sum", "low", "high"):
        assert np.allclose(then[name].to_numpy(), now[name].to_numpy(), rtol=1e-5)


def test_nothing_is_read_twice_or_in_place_of_readings(before: QueryContext, tmp_path: Path) -> None:
    """Hours of days whose readings are there are not looked at; late readings of a dropped day are not the day."""
    assert hours.Dropped.of(before.snapshot, PAST - timedelta(days=2), PAST).partitions == {}
    made = Lake(tmp_path / "lake")
    rows = [
        {"ts": PAST + timedelta(hours=n), "resource_id": "a", "device": "", "source": "t", "cpu_utilization_pct": 50.0}
        for n in (0, 1, 24 * 29 - 1)
    ]
    made.append(SAMPLES, rows, collector="t")
    made.compact(now=NOW)
    made.roll_up(now=NOW)
    rules = RetentionPolicy(days={"samples": 20}, reason_to_keep=lambda _t, _d: None)
    made.apply_retention(rules, made.plan_retention(rules, now=NOW).drops, now=NOW)
    late = {**rows[0], "ts": PAST + timedelta(hours=3), "cpu_utilization_pct": 99.0}
    made.append(SAMPLES, [late], collector="t")
    found = hours.readings(
        made.snapshot(), start=PAST - timedelta(days=1), end=PAST + timedelta(days=1), columns=list(rows[0])
    ).collect()
    assert found["cpu_utilization_pct"].to_list() == [50.0, 50.0]
