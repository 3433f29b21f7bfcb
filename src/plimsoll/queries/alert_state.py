"""What is known of alerts beside the readings: the ledger's, snoozes, and the maintenance of the config."""

from typing import cast

from plimsoll.analysis.performance.alerts import AlertState, Known
from plimsoll.clock import rfc3339
from plimsoll.documents import Alert, Severity
from plimsoll.fleet.muting import Maintenance, Muting
from plimsoll.ledger import AlertRow
from plimsoll.queries.context import QueryContext


def alert_state(sources: QueryContext) -> AlertState:
    """What the ledger knows of alerts as of the instant, and the maintenance of the config."""
    windows = sources.config.under("maintenance", Maintenance)
    if sources.alerts is None:
        return AlertState(quiet=Muting(maintenance=windows))
    known = {(a.resource, a.line): Known(a.id, a.opened, a.last_seen, alert_of(a), a.what) for a in _open(sources)}
    return AlertState(known, Muting(sources.alerts.snoozed(sources.as_of), windows))


def _open(sources: QueryContext) -> list[AlertRow]:
    return sources.alerts.open_at(sources.as_of) if sources.alerts else []


def alert_of(row: AlertRow) -> Alert:
    """A recorded alert as documents show it."""
    return Alert(
        alert_id=row.id,
        severity=cast("Severity", row.severity),
        metric=row.metric,
        threshold=row.threshold,
        current_value=row.value,
        resource=row.resource,
        timestamp=rfc3339(row.opened),
    )
