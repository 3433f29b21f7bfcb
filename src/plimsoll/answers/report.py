"""What reports are made from: the documents of a window, those of the window before, how each resource stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.analysis.performance.readings import columns_read
from plimsoll.analysis.performance.standings import standings
from plimsoll.anomalies_document import AnomaliesDocument
from plimsoll.answers.anomalies import AnomaliesQuery, anomalies
from plimsoll.answers.capacity import CapacityQuery, capacity
from plimsoll.answers.optimization import OptimizationQuery, optimization
from plimsoll.answers.performance import performance
from plimsoll.answers.sources import Sources
from plimsoll.capacity_document import CapacityDocument, Promise
from plimsoll.clock import Window, ceiling, duration_s
from plimsoll.documents import Evidence, PerformanceDocument
from plimsoll.errors import shown
from plimsoll.optimization_document import OptimizationDocument
from plimsoll.publish.report_input import CapacityInput, Made, ReportInput
from plimsoll.query import GRANULARITIES, PerformanceQuery
from plimsoll.settings import Documents, Plimsoll
from plimsoll.tables import SAMPLES

_DAY_S = 86_400
_CELL_S = 3600
_PREFERRED = "15m"
PARTS: Final = ("optimization", "anomalies", "capacity")


def daily(sources: Sources, made: Made, *, parts: Sequence[str] = PARTS) -> ReportInput:
    """Everything that the daily report of the 24 hours before the instant is made from.

    A part that cannot be made leaves its reason in `failed`; the rest of the report is complete.
    """
    resources = sources.resources()
    lines = sources.lines()
    query = PerformanceQuery(time_range="24h", granularity=_granularity(sources, len(resources)))
    document, evidence = performance(sources, query)
    end = ceiling(sources.as_of, _CELL_S)
    window = Window(end - timedelta(seconds=_DAY_S), end, _CELL_S)
    samples = sources.snapshot.scan(
        SAMPLES,
        start=window.start,
        end=sources.as_of + timedelta(milliseconds=1),
        columns=columns_read(lines.values()),
        resource_ids=[r.resource_id for r in resources],
    )
    found: dict[str, Any] = {}
    failed: dict[str, str] = {}
    more: list[Evidence] = []
    for part in parts if resources else ():
        try:
            found[part], told = _MAKERS[part](sources)
            more += told
        except Exception as error:  # noqa: BLE001 - whatever it was: the report says so and goes on
            failed[part] = shown(str(error) or type(error).__name__)
    return ReportInput(
        kind="daily",
        fleet=sources.fleet,
        zone=sources.settings("plimsoll", Plimsoll).timezone,
        start=window.start,
        end=sources.as_of,
        cell_s=_CELL_S,
        document=document,
        previous=_previous(sources, query),
        evidence=[*evidence, *more],
        resources=resources,
        standings=standings(samples, resources, lines, window=window, as_of=sources.as_of),
        lines=lines,
        made=made,
        optimization=found.get("optimization"),
        anomalies=found.get("anomalies"),
        capacity=found.get("capacity"),
        failed=failed,
    )


def _optimization(sources: Sources) -> tuple[OptimizationDocument, list[Evidence]]:
    return optimization(sources, OptimizationQuery())


def _anomalies(sources: Sources) -> tuple[AnomaliesDocument, list[Evidence]]:
    return anomalies(sources, AnomaliesQuery(time_range="24h", granularity=_PREFERRED))


def _capacity(sources: Sources) -> tuple[CapacityDocument, list[Evidence]]:
    return capacity(sources, CapacityQuery())


_MAKERS: Final[Mapping[str, Callable[[Sources], tuple[Any, list[Evidence]]]]] = MappingProxyType(
    {"optimization": _optimization, "anomalies": _anomalies, "capacity": _capacity}
)


def _granularity(sources: Sources, resources: int) -> str:
    """A quarter of an hour, or the finest coarser one that the point budget allows for this fleet."""
    budget = sources.settings("documents", Documents).point_budget
    values = resources * 9
    fitting = [
        g
        for g in GRANULARITIES
        if duration_s(g) >= duration_s(_PREFERRED) and values * _DAY_S / duration_s(g) <= budget
    ]
    return fitting[0] if fitting else GRANULARITIES[-1]


def _previous(sources: Sources, query: PerformanceQuery) -> PerformanceDocument | None:
    """The same document a day earlier; None where nothing had been heard then."""
    before = replace(sources, as_of=sources.as_of - timedelta(days=1))
    if not before.resources():
        return None
    document, evidence = performance(before, query)
    heard = any(e.samples for e in evidence if e.subject.startswith("coverage."))
    return document if heard else None


def capacity_review(sources: Sources, made: Made, promises: Sequence[Promise] = ()) -> CapacityInput:
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


def _earlier_review(sources: Sources) -> CapacityDocument | None:
    return capacity(sources, CapacityQuery())[0] if sources.resources() else None
