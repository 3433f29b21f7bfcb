"""The performance document."""

from datetime import timedelta

from plimsoll.analysis import performance as analysis
from plimsoll.analysis.performance.alerts import AlertState, Known
from plimsoll.analysis.performance.readings import columns_read
from plimsoll.analysis.performance.resources import Trends
from plimsoll.clock import Window, duration_s
from plimsoll.config.engine import Documents
from plimsoll.documents import Evidence, PerformanceDocument
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.fleet.muting import Maintenance, Quiet
from plimsoll.fleet.resources import selected
from plimsoll.queries.context import Sources
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
    )
    document, evidence = analysis.performance(
        samples,
        resources,
        window=window,
        as_of=sources.as_of,
        query=query,
        lines=lines,
        trends=_trends(sources),
        state=alert_state(sources),
    )
    return document, [*evidence, *sources.damage(window.start, window.end, query.granularity)]


def alert_state(sources: Sources) -> AlertState:
    """What the ledger knows of alerts as of the instant, and the maintenance of the config."""
    windows = sources.config.under("maintenance", Maintenance)
    if sources.alerts is None:
        return AlertState(quiet=Quiet(maintenance=windows))
    known = {(a.resource, a.line): Known(a.id, a.opened, a.last_seen) for a in sources.alerts.open_at(sources.as_of)}
    return AlertState(known, Quiet(sources.alerts.snoozed(sources.as_of), windows))


def _trends(sources: Sources) -> Trends:
    """(resource, metric) -> trend, where there was enough history to say."""
    known = sources.learned("trends")
    if known is None:
        return {}
    judged = known.filter(known["trend"].is_not_null() & (known["device"] == ""))
    return {(row["resource_id"], row["metric"]): row["trend"] for row in judged.iter_rows(named=True)}
