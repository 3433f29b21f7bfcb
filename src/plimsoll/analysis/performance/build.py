"""Readings, inventory, window and load lines -> the performance document and the evidence behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from plimsoll.analysis.bottlenecks.expressions.measures import quoted
from plimsoll.analysis.performance.alerts import (
    AlertEvent,
    Alerts,
    AlertState,
    OpenAlert,
    Pending,
    open_alerts,
    worst_first,
)
from plimsoll.analysis.performance.driver_error_alerts import driver_error_alerts
from plimsoll.analysis.performance.fleet_totals import FleetTotals
from plimsoll.analysis.performance.presence import LastRead, Reach, never, presences
from plimsoll.analysis.performance.readings import by_block, gpus_read, inside, read_at
from plimsoll.analysis.performance.resources import resource_part, time_series
from plimsoll.analysis.performance.scores import (
    Availability,
    Score,
    availability_of,
    burdens_of,
    health,
    performance_score,
)
from plimsoll.analysis.performance.silences import silence_alerts, together
from plimsoll.analysis.performance.totals import aggregate, known, services_of
from plimsoll.analysis.performance.window_trends import window_trends
from plimsoll.clock import Window, rfc3339
from plimsoll.documents import Evidence, Overall, PerformanceDocument, Point, TimeRange, Trend
from plimsoll.documents.evidence import (
    AlertDetail,
    AvailabilityDetail,
    CoverageDetail,
    ScoreDetail,
    SilentStretch,
    SourceCoverage,
)
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.presence import METRIC, Presence, Silence
from plimsoll.fleet.resources import Resource
from plimsoll.fleet.xid_codes import METRIC as XID


@dataclass(frozen=True, slots=True)
class Measured:
    """The document of a window with its evidence, how each resource was read, and what alerts there were or will be."""

    document: PerformanceDocument
    evidence: Sequence[Evidence]
    presences: Sequence[Presence]
    events: Sequence[AlertEvent]
    pending: Sequence[Pending] = ()


def performance(
    samples: pl.LazyFrame,
    resources: Sequence[Resource],
    *,
    window: Window,
    as_of: datetime,
    query: PerformanceQuery,
    lines: Mapping[str, LoadLine],
    **options: Any,  # noqa: ANN401 - those of `measured`
) -> tuple[PerformanceDocument, list[Evidence]]:
    """The document and the evidence of `measured`."""
    found = measured(samples, resources, window=window, as_of=as_of, query=query, lines=lines, **options)
    return found.document, list(found.evidence)


def measured(
    samples: pl.LazyFrame,
    resources: Sequence[Resource],
    *,
    window: Window,
    as_of: datetime,
    query: PerformanceQuery,
    lines: Mapping[str, LoadLine],
    state: AlertState | None = None,
    silence: Silence | None = None,
    since: datetime | None = None,
    last_read: LastRead = never,
    found_by_rules: Alerts | None = None,
) -> Measured:
    """What the window holds of the selected resources, as of an instant.

    in: `samples` with the columns of `readings.columns_read`, also from before the window (from `since` on), so that an
    alert's beginning can be seen; resources already selected. Readings after `as_of` are not looked at. `last_read`
    looks up resources without a reading in `samples`; `found_by_rules` are the alerts that rules opened.
    """
    silence = silence or Silence.model_validate({})
    reach = Reach(window, as_of, since or window.start, silence, last_read)
    read = _read(samples, resources, reach, query=query, lines=lines, state=state or AlertState())
    read.alerts = together([read.alerts, _of(resources, found_by_rules)])
    found, stats, services = worst_first(read.alerts.open), read.whole.stats, services_of(read.whole)
    present = [read.presences[r.resource_id] for r in resources]
    reportable = [opened for opened in found if opened.quiet is None]
    owed = {one.resource_id: one.owed for one in present}
    availability = availability_of(read.whole, services, owed, {one.resource_id: one.readings for one in present})
    over = [opened for opened in reportable if opened.alert.metric != METRIC]  # silence is deducted as silence
    healthy = health(present, over, services, availability, read.whole.samples)
    performing = performance_score(read.burdens, services)
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
            resource_part(
                r, stats.get(r.resource_id), read.series.get(r.resource_id, []), query, as_of=as_of, trends=read.trends
            )
            for r in resources
        ],
        aggregated_metrics=aggregate(read.whole, resources, services),
        alerts=[opened.alert for opened in reportable],
    )
    evidence = [
        *_score_evidence(span, healthy, performing, availability),
        *(_alert_evidence(span, opened) for opened in found),
        *(coverage(span, one, as_of) for one in present),
    ]
    return Measured(document, evidence, present, read.alerts.events, read.alerts.pending)


def _of(resources: Sequence[Resource], alerts: Alerts | None) -> Alerts:
    """The alerts of these resources."""
    ids = {one.resource_id for one in resources}
    return Alerts(
        [one for one in (alerts.open if alerts else ()) if one.alert.resource in ids],
        [one for one in (alerts.events if alerts else ()) if one.alert.resource in ids],
    )


@dataclass(slots=True)
class _Read:
    """What the blocks of a fleet gave together."""

    whole: FleetTotals
    series: dict[str, list[Point]] = field(default_factory=dict[str, list[Point]])
    burdens: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])
    presences: dict[str, Presence] = field(default_factory=dict[str, Presence])
    alerts: Alerts = field(default_factory=lambda: Alerts([], []))
    trends: dict[tuple[str, str], Trend] = field(default_factory=dict[tuple[str, str], Trend])


def _read(
    samples: pl.LazyFrame,
    resources: Sequence[Resource],
    reach: Reach,
    *,
    query: PerformanceQuery,
    lines: Mapping[str, LoadLine],
    state: AlertState,
) -> _Read:
    """Reads the fleet, a block of resources at a time."""
    read, parts = _Read(FleetTotals.of(resources)), list[Alerts]()
    for block, everything in by_block(samples, resources, until=reach.as_of):
        readings = inside(everything, reach.window)
        read.whole.add(readings)
        read.series |= time_series(readings, query)
        read.trends |= window_trends(readings, Window(reach.window.start, min(reach.window.end, reach.as_of), 1))
        read.burdens |= burdens_of(readings, block, lines)
        gpus = gpus_read(samples, block, until=reach.as_of)
        seen = presences(block, read_at(samples, everything, block, until=reach.as_of), everything, reach, gpus)
        read.presences |= {one.resource_id: one for one in seen}
        silent = {one.resource_id for one in seen if one.silent}
        parts.append(open_alerts(everything, block, lines, as_of=reach.as_of, state=state, silent=silent))
        parts.append(silence_alerts(block, seen, reach.silence, as_of=reach.as_of, state=state))
        parts.append(driver_error_alerts(samples, block, as_of=reach.as_of, state=state))
    read.alerts = together(parts)
    return read


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
            detail=ScoreDetail(deductions=dict(score.deductions)),
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
            detail=AvailabilityDetail(method=availability.method),
        )
    )
    return found


def _alert_evidence(span: TimeRange, opened: OpenAlert) -> Evidence:
    return Evidence(
        subject=opened.alert.alert_id,
        rule=opened.line if opened.what else f"lines.{opened.line}",
        window=TimeRange(start=opened.alert.timestamp, end=rfc3339(opened.last), granularity=span.granularity),
        observed=opened.alert.current_value,
        threshold=opened.alert.threshold,
        unit=opened.alert.metric,
        samples=opened.samples,
        detail=AlertDetail(resource=opened.alert.resource, quiet=opened.quiet, sql=_sql(opened), what=opened.what),
    )


def _sql(opened: OpenAlert) -> str | None:
    """The statement that gives the alert's value again; None for silence, and for what rules find."""
    if not opened.column:
        return None
    whole = " AND device = ''" if opened.column != XID else f" AND {XID} = {opened.alert.current_value:.0f}"
    return (
        f"SELECT {opened.column}::DOUBLE AS observed FROM samples WHERE resource_id = {quoted(opened.alert.resource)}"  # noqa: S608 - a metric, a quoted id
        f"{whole} AND {opened.column} IS NOT NULL AND ts <= TIMESTAMPTZ '{rfc3339(opened.last)}' "
        "ORDER BY ts DESC LIMIT 1"
    )


def coverage(span: TimeRange, presence: Presence, as_of: datetime) -> Evidence:
    """How a resource was read: what arrived of what was due, by source; its silences; the metrics that were lost."""
    since = presence.silent_since
    return Evidence(
        subject=f"coverage.{presence.resource_id}",
        rule="readings that arrived / readings expected",
        window=span,
        observed=known(presence.coverage_pct),
        threshold=None,
        unit="pct",
        samples=presence.readings,
        detail=CoverageDetail(
            expected=round(presence.due, 1),
            sources={
                name or "all": SourceCoverage(expected=round(due, 1), arrived=n)
                for name, (due, n) in presence.sources.items()
            },
            state=presence.state,
            silent=presence.silent,
            last_reading=rfc3339(presence.last) if presence.last else None,
            silent_since=rfc3339(since) if since else None,
            silent_minutes=_minutes(as_of - since) if since else 0.0,
            silences=[
                SilentStretch(
                    start=rfc3339(one.start),
                    end=rfc3339(one.end) if one.end else None,
                    minutes=_minutes(one.length(as_of)),
                )
                for one in presence.stretches
            ],
            lost_metrics={one.metric: rfc3339(one.since) for one in presence.lost if not one.device},
            lost_devices={one.device: rfc3339(one.since) for one in presence.lost if one.device},
            standing=presence.standing,
            judged=presence.standing == "judged",
            too_new=presence.standing == "too new",
            aged_out=presence.aged_out,
        ),
    )


def _minutes(length: timedelta) -> float:
    return round(length.total_seconds() / 60, 1)
