"""The optimization document."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.analysis.advice.catalogue import advisers
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.analysis.climb import Levels
from plimsoll.analysis.grid import Grid
from plimsoll.analysis.optimization.document import optimization as analysis
from plimsoll.analysis.optimization.options import DocumentOptions
from plimsoll.analysis.robust import Floats
from plimsoll.clock import Window, rfc3339
from plimsoll.documents import Evidence, TimeRange
from plimsoll.documents.optimization import OptimizationDocument
from plimsoll.documents.parameters import TIME_RANGES, require_one_of
from plimsoll.errors import BadParameter
from plimsoll.events import timed
from plimsoll.execution import Execution
from plimsoll.fleet.resources import Resource
from plimsoll.fleet.xid_codes import METRIC as XID
from plimsoll.fleet.xid_codes import DriverError, by_card
from plimsoll.queries.context import QueryContext
from plimsoll.queries.grids import KnownMetrics, fleet_grid, known_metrics
from plimsoll.queries.levels import levels, of_resource
from plimsoll.queries.rule_set import project_rules
from plimsoll.queries.window import window_of
from plimsoll.tables import SAMPLES

HISTORY_DAYS: Final = 14
STEP_S: Final = 300
MAX_IDS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizationQuery:
    """A checked question for the optimization document; empty `resource_ids` means all.

    `start` is where a report's window begins; None: `time_range` before the instant.
    """

    time_range: str = "24h"
    resource_ids: tuple[str, ...] = ()
    bottlenecks: bool = True
    recommendations: bool = True
    start: datetime | None = None

    @classmethod
    def parse(
        cls,
        *,
        time_range: str = "24h",
        resource_ids: Sequence[str] = (),
        bottlenecks: bool = True,
        recommendations: bool = True,
    ) -> "OptimizationQuery":
        """Checks each parameter.

        >>> OptimizationQuery.parse(time_range="7d").time_range
        '7d'
        """
        require_one_of("timeRange", time_range, TIME_RANGES)
        if len(resource_ids) > MAX_IDS:
            raise BadParameter("resourceIds", f"{len(resource_ids)} ids", why=f"are more than {MAX_IDS}")
        return cls(
            time_range=time_range,
            resource_ids=tuple(dict.fromkeys(resource_ids)),
            bottlenecks=bottlenecks,
            recommendations=recommendations,
        )


@timed("queries", "answered", document="optimization")
def optimization(sources: QueryContext, query: OptimizationQuery) -> tuple[OptimizationDocument, list[Evidence]]:
    """What holds each resource back in the window, what to do about it, and why."""
    window = _window(sources, query)
    span = TimeRange(start=rfc3339(window.start), end=rfc3339(window.end), granularity=f"{STEP_S // 60}m")
    said = sources.verdicts.at(sources.as_of) if sources.verdicts else {}
    rules = project_rules(sources)
    options = DocumentOptions(
        bottlenecks=query.bottlenecks,
        recommendations=query.recommendations,
        feedback={name: f"{one.said}: {one.reason}".removesuffix(": ") for name, one in said.items()},
        muted_ids=frozenset(name for name, one in said.items() if one.said != "accepted"),
        track_records=sources.outcomes.hits(sources.as_of) if sources.outcomes else {},
        rules=rules,
        lines=sources.lines(),
    )
    document, evidence = analysis(windows(sources, query, rules), span=span, options=options)
    asked = (window.start, window.end, span.granularity)
    return document, [*evidence, *sources.resolution(*asked), *sources.damage(*asked)]


def _window(sources: QueryContext, query: OptimizationQuery) -> Window:
    return window_of(query, sources.as_of, STEP_S)


def windows(
    sources: QueryContext, query: OptimizationQuery, rules: Mapping[str, AnyRule] | None = None
) -> Iterator[ResourceWindow]:
    """The resources with what these rules (None: the project's) and the advisers read, a block at a time.

    The memory of a window is freed when the caller drops it.
    """
    known_rules = project_rules(sources) if rules is None else rules
    resources = _selected(sources.resources(), query) if query.resource_ids else sources.current(sources.resources())
    window = _window(sources, query)
    also = {metric for rule in known_rules.values() for metric in rule.reads}
    also |= {metric for adviser in advisers().values() for metric in adviser.reads}
    compared = tuple(dict.fromkeys(metric for rule in known_rules.values() for metric in rule.compares_devices))
    known = known_metrics(sources.snapshot, window.start, window.end, also)
    size = sources.settings("execution", Execution).block_size
    blocks = range(0, len(resources), size)
    now = levels(sources, known_rules)
    for n in blocks:
        yield from _windows(sources, resources[n : n + size], window, known, compared, now)
        sources.on_progress("optimization", n // size + 1, len(blocks))


def _windows(
    sources: QueryContext,
    resources: Sequence[Resource],
    window: Window,
    known: KnownMetrics,
    compared: Sequence[str],
    now: Levels,
) -> Iterator[ResourceWindow]:
    """Of one block; the grid keeps single precision, and only the window that is looked at is made double."""
    start = window.end - timedelta(seconds=max(window.seconds, HISTORY_DAYS * 86_400))
    whole = fleet_grid(
        sources.snapshot,
        [resource.resource_id for resource in resources],
        start=start,
        end=window.end,
        step_s=STEP_S,
        known=known,
        compared=compared,
    )
    where: dict[str, list[int]] = {}
    for n, series in enumerate(whole.series):
        where.setdefault(series.resource_id, []).append(n)
    errors = _driver_errors(sources, resources, start, window.end)
    for resource in resources:
        readings, devices = _series(whole, where.get(resource.resource_id, ()))
        climbs, last = of_resource(now, resource.resource_id)
        yield ResourceWindow(
            resource,
            readings,
            round(window.seconds / STEP_S),
            STEP_S,
            _coverage(sources, resource, [*readings.values(), *devices.values()], window),
            devices,
            _due(resource, window, sources.as_of),
            _steps_due(sources, resource, window),
            sources.prices,
            window.end,
            errors.get(resource.resource_id, ()),
            climbs,
            last,
        )


def _driver_errors(
    sources: QueryContext, resources: Sequence[Resource], start: datetime, end: datetime
) -> dict[str, tuple[DriverError, ...]]:
    """Each error as it was read: a step of the grid would be the mean of two codes, which is not a code."""
    if not resources:
        return {}
    ids = [resource.resource_id for resource in resources]
    columns = ("ts", "resource_id", "device", XID)
    scanned = sources.snapshot.scan(SAMPLES, start=start, end=end, columns=columns, resource_ids=ids)
    rows = scanned.filter(pl.col(XID) >= 1, pl.col("resource_id").is_in(ids)).sort("ts", "resource_id", "device")
    found: dict[str, list[DriverError]] = {}
    for row in rows.collect().iter_rows(named=True):
        error = DriverError((end - row["ts"]).total_seconds(), row["device"], round(row[XID]))
        found.setdefault(row["resource_id"], []).append(error)
    return {name: tuple(by_card(errors)) for name, errors in found.items()}


def _selected(resources: Sequence[Resource], query: OptimizationQuery) -> list[Resource]:
    wanted = set(query.resource_ids)
    return [resource for resource in resources if not wanted or resource.resource_id in wanted]


def _series(whole: Grid, of: Sequence[int]) -> tuple[dict[str, Floats], dict[tuple[str, str], Floats]]:
    """The rows of one resource by metric, and those of its devices."""
    readings: dict[str, Floats] = {}
    devices: dict[tuple[str, str], Floats] = {}
    for n in of:
        series, row = whole.series[n], whole.doubles(slice(n, n + 1))[0]
        if series.device:
            devices[series.device, series.metric] = row
        else:
            readings[series.metric] = row
    return readings, devices


def _due(resource: Resource, window: Window, as_of: datetime) -> NDArray[np.bool_]:
    """The steps of the window in which a reading was expected: none before a resource was known, none after now."""
    rows = round(window.seconds / STEP_S)
    due = np.zeros(rows, dtype=np.bool_)
    ends = [since for since, _ in resource.expected[1:]] + [as_of]
    for (since, interval), until in zip(resource.expected, ends, strict=True):
        if interval is not None:
            first, last = ((at - window.start).total_seconds() / STEP_S for at in (since, min(until, as_of)))
            due[max(0, math.ceil(first)) : max(0, math.floor(last))] = True
    return due


def _coverage(sources: QueryContext, resource: Resource, rows: Sequence[Floats], window: Window) -> float | None:
    """The share of the window's steps in which the resource was read; None where no reading was due."""
    expected = _steps_due(sources, resource, window)
    received = 0
    if rows:
        stacked = np.stack([row[-round(window.seconds / STEP_S) :] for row in rows])
        received = int(np.count_nonzero(np.any(~np.isnan(stacked), axis=0)))
    return min(1.0, received / expected) if expected else None


def _steps_due(sources: QueryContext, resource: Resource, window: Window) -> float | None:
    """Whole steps in which something was due; of a resource that is read less often than that, its readings."""
    due = resource.expected_readings(window.start, min(window.end, sources.as_of))
    return min(float(np.count_nonzero(_due(resource, window, sources.as_of))), due) or None
