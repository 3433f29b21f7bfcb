"""The performance document."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from plimsoll.analysis.performance import build as analysis
from plimsoll.analysis.performance.build import Measured
from plimsoll.analysis.performance.readings import columns_read
from plimsoll.clock import duration_s
from plimsoll.config.engine import Documents
from plimsoll.documents import Evidence, PerformanceDocument
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.events import timed
from plimsoll.fleet.presence import Silence
from plimsoll.fleet.resources import selected
from plimsoll.lake import hours
from plimsoll.queries.alert_state import alert_state
from plimsoll.queries.context import QueryContext
from plimsoll.queries.rule_alerts import rule_alerts
from plimsoll.queries.window import window_of

_FURTHER_BACK: Final = (7, 30, None)
"""Days in which a last reading is looked for; None: all there is."""


def performance(sources: QueryContext, query: PerformanceQuery) -> tuple[PerformanceDocument, list[Evidence]]:
    """What `GET /v2/monitoring/performance` answers, and why; too large a question is refused before a file is read."""
    found = measured(sources, query)
    return found.document, list(found.evidence)


@timed("queries", "answered", document="performance")
def measured(sources: QueryContext, query: PerformanceQuery) -> Measured:
    """The document of `performance`, with how each resource was read and what alerts there were in the window."""
    limits = sources.settings("documents", Documents)
    resources = selected(sources.resources(), query)
    query = query.within_budget(len(resources), budget=limits.point_budget)
    window = window_of(query, sources.as_of, round(duration_s(query.granularity)))
    lines, since = sources.lines(), window.start - timedelta(seconds=limits.alert_lookback)
    samples = hours.readings(
        sources.snapshot,
        start=since,
        end=min(window.end, sources.as_of + timedelta(milliseconds=1)),
        columns=columns_read(lines.values()),
    )
    found = analysis.measured(
        samples,
        resources,
        window=window,
        as_of=sources.as_of,
        query=query,
        lines=lines,
        state=alert_state(sources),
        silence=sources.settings("silence", Silence),
        since=since,
        last_read=lambda ids: last_read(sources, ids, before=since),
        found_by_rules=rule_alerts(sources, resources, since=window.start),
    )
    span = (window.start, window.end, query.granularity)
    return replace(found, evidence=[*found.evidence, *sources.resolution(*span), *sources.damage(*span)])


def last_read(sources: QueryContext, ids: Sequence[str], *, before: datetime) -> dict[str, datetime]:
    """The last reading of each resource before an instant, as far back as the lake goes; the near past first."""
    found: dict[str, datetime] = {}
    end: datetime | None = before
    for days in _FURTHER_BACK:
        missing = [one for one in ids if one not in found]
        if not missing or end is None:
            break
        start = None if days is None else before - timedelta(days=days)
        rows = hours.readings(
            sources.snapshot, start=start, end=end, columns=("ts", "resource_id"), resource_ids=missing
        )
        found |= dict(rows.group_by("resource_id").agg(pl.col("ts").max()).sort("resource_id").collect().iter_rows())
        end = start
    return found
