"""Silence as an alert: minutes without a reading against the line in minutes."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from plimsoll.analysis.performance.alerts import AlertEvent, Alerts, AlertState, OpenAlert
from plimsoll.clock import rfc3339
from plimsoll.documents import Alert
from plimsoll.fleet.presence import METRIC, Presence, Silence, Stretch
from plimsoll.fleet.resources import Resource

LINE: Final = "silence"


def silence_alerts(
    resources: Sequence[Resource],
    presences: Sequence[Presence],
    settings: Silence,
    *,
    as_of: datetime,
    state: AlertState,
) -> Alerts:
    """The silences that are open at `as_of`, and those that ended; in: resources and presences in one order."""
    found: list[OpenAlert] = []
    events: list[AlertEvent] = []
    for resource, presence in zip(resources, presences, strict=True):
        if not resource.is_promised:
            continue  # nothing is due any more: an import's holes are reported as holes, and open no alert
        limit = settings.limit(resource)
        for stretch in presence.stretches:
            alert = _alert(resource, stretch, limit, settings, as_of)
            known = state.known.get((resource.resource_id, LINE))
            if stretch.end is None and known is not None:  # the one that goes on, wherever the readings begin
                alert = structs.replace(alert, alert_id=known.id)
            is_open = stretch.end is None and not presence.aged_out
            quiet = state.quiet.why(alert.alert_id, resource, as_of)
            events.append(AlertEvent(alert, stretch.start + limit, stretch.end, is_open=is_open, quiet=quiet))
            if is_open:
                found.append(OpenAlert(alert, LINE, 0, presence.last or stretch.start, quiet))
    return Alerts(found, events)


def _alert(resource: Resource, stretch: Stretch, limit: timedelta, settings: Silence, as_of: datetime) -> Alert:
    length = stretch.length(as_of)
    identity = f"{resource.resource_id}\0{LINE}\0{rfc3339(stretch.start)}".encode()
    return Alert(
        alert_id=f"perf-{hashlib.sha256(identity).hexdigest()[:12]}",
        severity=settings.severity(length),
        metric=METRIC,
        threshold=round(limit.total_seconds() / 60, 1),
        current_value=round(length.total_seconds() / 60, 1),
        resource=resource.resource_id,
        timestamp=rfc3339(stretch.start),
    )


def together(parts: Sequence[Alerts]) -> Alerts:
    """The alerts of several blocks."""
    return Alerts(
        [one for part in parts for one in part.open],
        [one for part in parts for one in part.events],
        [one for part in parts for one in part.pending],
    )
