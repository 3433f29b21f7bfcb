"""What reports are made from: the documents of a window, those of the window before, how each resource stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.analysis.performance.gpus import COLUMNS, gpu_use
from plimsoll.analysis.performance.readings import KEYS, columns_read
from plimsoll.analysis.performance.standings import standings
from plimsoll.clock import Window, rfc3339
from plimsoll.config.engine import Documents, Plimsoll, zone
from plimsoll.documents import Evidence, PerformanceDocument, TimeRange
from plimsoll.documents.anomalies import AnomaliesDocument
from plimsoll.documents.capacity import CapacityDocument, Promise
from plimsoll.documents.evidence import GpuFleetDetail, GpuHostDetail
from plimsoll.documents.gpus import SIZED_FOR_PCT, GpuFleet, GpuHost
from plimsoll.documents.optimization import OptimizationDocument
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.documents.report_kinds import Span, spanned
from plimsoll.documents.situation import JustOver
from plimsoll.errors import shown
from plimsoll.lake import hours
from plimsoll.local_time import days_back
from plimsoll.publish.views.report_input import CapacityInput, Event, Made, ReportInput
from plimsoll.queries.anomalies import AnomaliesQuery, anomalies
from plimsoll.queries.capacity import CapacityQuery, capacity
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.outcomes import describe_outcome
from plimsoll.queries.performance import measured, performance
from plimsoll.tables import SAMPLES

_PREFERRED = "15m"
PARTS: Final = ("optimization", "anomalies", "capacity", "gpus")


def report(
    sources: QueryContext,
    made: Made,
    kind: str = "daily",
    *,
    start: datetime | None = None,
    since: datetime | None = None,
    parts: Sequence[str] = PARTS,
) -> ReportInput:
    """Everything that the daily or weekly report of a window is made from.

    The window ends at the instant. It begins at `start`, or else one or seven days before in the project's zone, when
    the clocks showed the same time. Every document, the page and the evidence are of this one window.
    `since` is when the last report was delivered, which this one is compared with; else the same range before. A part
    that cannot be made leaves its reason in `failed`; the rest of the report is complete.
    """
    span, local = spanned(kind), zone(sources.settings("plimsoll", Plimsoll).timezone)
    window = Window(start or days_back(sources.as_of, span.days, local), sources.as_of, span.cell_s)
    resources = sources.resources()
    lines = sources.lines()
    query = _query(sources, len(resources), span, window)
    seen = measured(sources, query)
    document, evidence = seen.document, seen.evidence
    before = since or window.start
    samples = hours.readings(
        sources.snapshot,
        start=window.start,
        end=sources.as_of + timedelta(milliseconds=1),
        columns=columns_read(lines.values()),
    )
    found, failed, more = _made_parts(sources, span, window, parts if resources else ())
    whole = sources.snapshot.span(SAMPLES)
    return ReportInput(
        kind=kind,
        fleet=sources.fleet,
        zone=sources.settings("plimsoll", Plimsoll).timezone,
        start=window.start,
        end=sources.as_of,
        cell_s=span.cell_s,
        document=document,
        previous=_previous(sources, replace(query, start=days_back(before, span.days, local)), before),
        previous_end=before,
        evidence=[*evidence, *more],
        resources=resources,
        standings=standings(samples, resources, lines, window=window, as_of=sources.as_of),
        lines=lines,
        made=made,
        optimization=found.get("optimization"),
        anomalies=found.get("anomalies"),
        capacity=found.get("capacity"),
        gpus=found.get("gpus"),
        failed=failed,
        outcomes=_outcomes(sources, window.start),
        presences=seen.presences,
        events=[Event(e.alert, e.opened, e.closed, e.is_open, e.quiet, e.what) for e in seen.events],
        just_over=[JustOver(p.resource, p.metric, p.line, p.since, p.lasting, p.side) for p in seen.pending],
        is_filtered=sources.sees is not None,
        first_reading=whole[0] if whole else None,
    )


def _query(sources: QueryContext, resources: int, span: Span, window: Window) -> PerformanceQuery:
    """The span's own granularity, or a coarser one that the point budget allows; never a refusal."""
    asked = PerformanceQuery(
        time_range=span.time_range,
        granularity=span.granularity,
        start=window.start,
        may_coarsen=True,
        for_any_fleet=True,
    )
    return asked.within_budget(resources, budget=sources.settings("documents", Documents).point_budget)


def _made_parts(
    sources: QueryContext, span: Span, window: Window, parts: Sequence[str]
) -> tuple[dict[str, Any], dict[str, str], list[Evidence]]:
    """The parts that could be made, why the others could not, and the evidence."""
    found: dict[str, Any] = {}
    failed: dict[str, str] = {}
    more: list[Evidence] = []
    for part in parts:
        try:
            found[part], evidence = _MAKERS[part](sources, span, window)
            more += evidence
        except Exception as error:  # noqa: BLE001 - whatever it was: the report says so and goes on
            failed[part] = shown(str(error) or type(error).__name__)
    return found, failed, more


def _outcomes(sources: QueryContext, since: datetime) -> list[str]:
    """What came of earlier advice, as far as it was settled in the window."""
    return [describe_outcome(one) for one in sources.outcomes.settled(since, sources.as_of)] if sources.outcomes else []


def _optimization(sources: QueryContext, span: Span, window: Window) -> tuple[OptimizationDocument, list[Evidence]]:
    return optimization(sources, OptimizationQuery(time_range=span.time_range, start=window.start))


def _anomalies(sources: QueryContext, span: Span, window: Window) -> tuple[AnomaliesDocument, list[Evidence]]:
    return anomalies(sources, AnomaliesQuery(time_range=span.time_range, granularity=_PREFERRED, start=window.start))


def _capacity(sources: QueryContext, _: Span, __: Window) -> tuple[CapacityDocument, list[Evidence]]:
    return capacity(sources, CapacityQuery())


def _gpus(sources: QueryContext, span: Span, window: Window) -> tuple[GpuFleet, list[Evidence]]:
    samples = hours.readings(
        sources.snapshot,
        start=window.start,
        end=sources.as_of + timedelta(milliseconds=1),
        columns=(*KEYS, *COLUMNS),
    )
    fleet = gpu_use(samples, sources.current(sources.resources()))
    window_text = TimeRange(start=rfc3339(window.start), end=rfc3339(window.end), granularity=span.granularity)
    evidence = [_gpu_evidence(host, window_text) for host in fleet.hosts]
    if fleet.count:
        evidence.append(
            Evidence(
                subject="gpus",
                rule="mean over the GPUs that were read",
                window=window_text,
                observed=fleet.busy_pct,
                threshold=None,
                unit="%",
                samples=sum(host.whole.samples for host in fleet.hosts),
                detail=GpuFleetDetail(
                    gpus=fleet.count,
                    not_read=fleet.unread,
                    busiest_hour_pct=fleet.busiest_pct,
                    enough=fleet.enough,
                    sized_for_pct=SIZED_FOR_PCT,
                ),
            )
        )
    return fleet, evidence


def _gpu_evidence(host: GpuHost, window: TimeRange) -> Evidence:
    return Evidence(
        subject=f"gpus.{host.resource_id}",
        rule="means of the window's readings; the highest temperature",
        window=window,
        observed=host.whole.busy_pct,
        threshold=None,
        unit="%",
        samples=host.whole.samples,
        detail=GpuHostDetail(
            model=host.model, count=host.count, not_read=host.unread, whole=host.whole, cards=list(host.cards)
        ),
    )


_MAKERS: Final[Mapping[str, Callable[[QueryContext, Span, Window], tuple[Any, list[Evidence]]]]] = MappingProxyType(
    {"optimization": _optimization, "anomalies": _anomalies, "capacity": _capacity, "gpus": _gpus}
)


def _previous(sources: QueryContext, query: PerformanceQuery, at: datetime) -> PerformanceDocument | None:
    """The same document as of an earlier instant; None where nothing had been received then."""
    before = replace(sources, as_of=at)
    if not before.resources():
        return None
    document, evidence = performance(before, query)
    received = any(e.samples for e in evidence if e.subject.startswith("coverage."))
    return document if received else None


def capacity_review(sources: QueryContext, made: Made, promises: Sequence[Promise] = ()) -> CapacityInput:
    """Everything that the capacity review of the instant is made from; `promises` are those of earlier reviews."""
    settings = sources.settings("capacity", Capacity)
    document, _ = capacity(sources, CapacityQuery(), promises=promises)
    earlier = replace(sources, as_of=sources.as_of - timedelta(seconds=settings.review_interval))
    return CapacityInput(
        zone=sources.settings("plimsoll", Plimsoll).timezone,
        as_of=sources.as_of,
        document=document,
        previous=_earlier_review(earlier),
        delivery_days={unit: settings.delivery_days(unit) for unit in ("GPUs", "replicas", "cores", "bytes")},
        made=made,
    )


def _earlier_review(sources: QueryContext) -> CapacityDocument | None:
    return capacity(sources, CapacityQuery())[0] if sources.resources() else None
