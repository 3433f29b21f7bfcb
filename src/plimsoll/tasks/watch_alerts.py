"""Watches the load lines: what is open goes into the ledger, to people, and into `alerts.ndjson` for other programs."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from plimsoll import documents
from plimsoll.clock import instant, rfc3339
from plimsoll.delivery.notify import Notify
from plimsoll.ledger import AlertRow, OpenAlertObservation
from plimsoll.ledger.alerts import ALERTING
from plimsoll.project.context import Context
from plimsoll.publish import files
from plimsoll.tasks.notice_subjects import subjects_of
from plimsoll.tasks.notify import local_zone, queue_alerts

if TYPE_CHECKING:
    from plimsoll.analysis.performance.alerts import OpenAlert

FEED: Final = "alerts.ndjson"
_TOLD: Final = timedelta(days=7)
_WINDOW: Final = timedelta(hours=1)


def watch(context: Context) -> list[AlertRow]:
    """Notes the alerts that are open at the context's instant, queues messages, publishes the feed; gives new ones."""
    from plimsoll.queries.alert_state import alert_state
    from plimsoll.queries.alerts import open_alerts as answer

    sources = context.sources()
    found, resources = answer(sources), {one.resource_id: one for one in sources.resources()}
    ledger = context.ledger.alerts
    opened, _ = ledger.observe(map(observed, found), context.as_of)
    rows, muting = ledger.since(context.as_of - _TOLD), alert_state(sources).quiet
    quiet = {one.alert.alert_id: one.quiet for one in found}
    quiet |= {
        row.id: muting.why(row.id, resources[row.resource], context.as_of)
        for row in rows
        if row.kind != "line" and row.resource in resources
    }
    if context.config.under("notify", Notify):
        known = list(resources.values())
        queue_alerts(context, subjects_of(rows, quiet, known, at=context.as_of, zone=local_zone(context)))
    lines = [_line(row, quiet.get(row.id)) for row in rows if row.kind in ALERTING]
    files.publish(
        context.published,
        {FEED: b"".join(documents.encode(one, indent=0) for one in lines)},
        start=context.as_of - _WINDOW,
        end=context.as_of,
        generation=sources.snapshot.generation,
        now=context.clock.now(),
    )
    return opened


def observed(one: "OpenAlert") -> OpenAlertObservation:
    """An open alert as the ledger notes it."""
    return OpenAlertObservation(
        id=one.alert.alert_id,
        resource=one.alert.resource,
        line=one.line,
        metric=one.alert.metric,
        severity=one.alert.severity,
        threshold=one.alert.threshold,
        value=one.alert.current_value,
        opened=instant(one.alert.timestamp),
        last_seen=one.last,
        what=one.what,
    )


def _line(row: AlertRow, quiet: str | None) -> dict[str, object]:
    """One event for other programs."""
    return {
        "alertId": row.id,
        "state": "closed" if row.closed else "open",
        "severity": row.severity,
        "resource": row.resource,
        "metric": row.metric,
        "line": row.line,
        "threshold": row.threshold,
        "currentValue": row.value,
        "worstValue": row.worst,
        "opened": rfc3339(row.opened),
        "lastSeen": rfc3339(row.last_seen),
        "closed": rfc3339(row.closed) if row.closed else None,
        "quiet": quiet,
        "what": row.what,
    }
