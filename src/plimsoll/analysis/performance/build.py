"""Readings, inventory, window and load lines -> the performance document and the evidence behind it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import polars as pl

from plimsoll.analysis.performance.alerts import AlertState, OpenAlert, open_alerts, worst_first
from plimsoll.analysis.performance.fleet_totals import Stats, Whole
from plimsoll.analysis.performance.readings import by_block, inside
from plimsoll.analysis.performance.resources import STALE_INTERVALS, Trends, resource_part, time_series
from plimsoll.analysis.performance.scores import (
    Availability,
    Score,
    availability_of,
    burdens_of,
    health,
    performance_score,
)
from plimsoll.analysis.performance.totals import aggregate, known, services_of
from plimsoll.clock import Window, rfc3339
from plimsoll.documents import Evidence, Overall, PerformanceDocument, Point, TimeRange
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource

_NO_TRENDS: Trends = MappingProxyType({})


def performance(
    samples: pl.LazyFrame,
    resources: Sequence[Resource],
    *,
    window: Window,
    as_of: datetime,
    query: PerformanceQuery,
    lines: Mapping[str, LoadLine],
    trends: Trends = _NO_TRENDS,
    state: AlertState | None = None,
) -> tuple[PerformanceDocument, list[Evidence]]:
    """The document of the selected resources over the window, as of an instant.

    in: `samples` with the columns of `readings.columns_read`, also from before the window, so that an alert's beginning
    can be seen; resources already selected. Readings after `as_of` are not looked at.
    """
    whole, state = Whole.of(resources), state or AlertState()
    series: dict[str, list[Point]] = {}
    burdens: dict[str, tuple[float, int]] = {}
    found: list[OpenAlert] = []
    for block, everything in by_block(samples, resources, until=as_of):
        readings = inside(everything, window)
        whole.add(readings)
        series |= time_series(readings, query)
        burdens |= burdens_of(readings, block, lines)
        found += open_alerts(everything, block, lines, as_of=as_of, state=state)
    found, stats, services = worst_first(found), whole.stats, services_of(whole)
    end = min(window.end, as_of)
    expected = {r.resource_id: r.expected_readings(window.start, end) for r in resources}
    alerts = [opened for opened in found if opened.quiet is None]
    silent = _silent(resources, stats, as_of)
    availability = availability_of(whole, services, expected)
    healthy = health(resources, silent, alerts, services, availability, whole.samples)
    performing = performance_score(burdens, services)
    span = TimeRange(start=rfc3339(window.start), end=rfc3339(window.end), granularity=query.granularity)
    document = PerformanceDocument(
        time_range=span,
        overall=Overall(
            health_score=healthy.value,
            performance_score=performing.value,
            availability_score=known(availability.value_pct),
            average_response_time=known(services.response_time_ms),
            total_throughput=known(services.throughput_per_s),
            error_rate=known(services.error_rate_pct),
        ),
        resources=[
            resource_part(r, stats.get(r.resource_id), series.get(r.resource_id, []), query, as_of=as_of, trends=trends)
            for r in resources
        ],
        aggregated_metrics=aggregate(whole, resources, services),
        alerts=[opened.alert for opened in alerts],
    )
    evidence = [
        *_score_evidence(span, healthy, performing, availability),
        *(_alert_evidence(span, opened) for opened in found),
        *_coverage_evidence(span, resources, stats, expected, silent),
    ]
    return document, evidence


def _silent(resources: Sequence[Resource], stats: Stats, as_of: datetime) -> set[str]:
    """Resources that should be heard of and were not for three intervals."""
    silent: set[str] = set()
    for r in resources:
        interval_s = r.expected[-1][1] if r.expected else None
        patience = timedelta(seconds=STALE_INTERVALS * interval_s) if interval_s is not None else None
        row = stats.get(r.resource_id)
        if row is None or (patience is not None and as_of - row["last_ts"] > patience):
            silent.add(r.resource_id)
    return silent


def _score_evidence(span: TimeRange, healthy: Score, performing: Score, availability: Availability) -> list[Evidence]:
    scores = {"overall.healthScore": healthy, "overall.performanceScore": performing}
    found = [
        Evidence(
            subject=subject,
            rule="100 minus named deductions",
            window=span,
            observed=None if score.value is None else float(score.value),
            threshold=None,
            unit="points",
            samples=score.samples,
            detail={"deductions": dict(score.deductions)},
        )
        for subject, score in scores.items()
    ]
    found.append(
        Evidence(
            subject="overall.availabilityScore",
            rule="successful / all",
            window=span,
            observed=known(availability.value_pct),
            threshold=None,
            unit="pct",
            samples=availability.samples,
            detail={"method": availability.method},
        )
    )
    return found


def _alert_evidence(span: TimeRange, opened: OpenAlert) -> Evidence:
    return Evidence(
        subject=opened.alert.alert_id,
        rule=f"lines.{opened.line}",
        window=TimeRange(start=opened.alert.timestamp, end=rfc3339(opened.last), granularity=span.granularity),
        observed=opened.alert.current_value,
        threshold=opened.alert.threshold,
        unit=opened.alert.metric,
        samples=opened.samples,
        detail={"resource": opened.alert.resource, "quiet": opened.quiet},
    )


def _coverage_evidence(
    span: TimeRange, resources: Sequence[Resource], stats: Stats, expected: Mapping[str, float], silent: set[str]
) -> list[Evidence]:
    found: list[Evidence] = []
    for r in resources:
        due = expected[r.resource_id]
        row = stats.get(r.resource_id)
        arrived = row["readings"] if row else 0
        found.append(
            Evidence(
                subject=f"coverage.{r.resource_id}",
                rule="readings that arrived / readings expected",
                window=span,
                observed=known(100 * min(1.0, arrived / due)) if due else None,
                threshold=None,
                unit="pct",
                samples=arrived,
                detail={
                    "expected": round(due, 1),
                    "silent": r.resource_id in silent,
                    "lastReading": rfc3339(row["last_ts"]) if row else None,
                },
            )
        )
    return found
