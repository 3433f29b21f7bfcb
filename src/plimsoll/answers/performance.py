"""The performance document."""

from datetime import timedelta

from plimsoll.analysis import performance as analysis
from plimsoll.analysis.performance.readings import columns_read
from plimsoll.answers.sources import Sources
from plimsoll.clock import Window, duration_s
from plimsoll.documents import Evidence, PerformanceDocument
from plimsoll.inventory import selected
from plimsoll.query import PerformanceQuery
from plimsoll.settings import Documents
from plimsoll.tables import SAMPLES


def performance(sources: Sources, query: PerformanceQuery) -> tuple[PerformanceDocument, list[Evidence]]:
    """What `GET /v2/monitoring/performance` answers, and why; too large a question is refused before a file is read."""
    limits = sources.settings("documents", Documents)
    resources = selected(sources.resources(), query)
    query.within_budget(len(resources), budget=limits.point_budget)
    window = Window.back_from(
        sources.as_of, range_s=duration_s(query.time_range), granularity_s=round(duration_s(query.granularity))
    )
    lines = sources.lines()
    samples = sources.snapshot.scan(
        SAMPLES,
        start=window.start - timedelta(seconds=limits.alert_lookback),
        end=min(window.end, sources.as_of + timedelta(milliseconds=1)),
        columns=columns_read(lines.values()),
        resource_ids=[r.resource_id for r in resources],
    )
    return analysis.performance(samples, resources, window=window, as_of=sources.as_of, query=query, lines=lines)
