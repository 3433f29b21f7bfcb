"""Driver errors (XID) as alerts: one reading is enough, for an event does not last."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from plimsoll.analysis.performance.alerts import AlertEvent, Alerts, AlertState, OpenAlert
from plimsoll.clock import rfc3339
from plimsoll.documents import Alert, Severity
from plimsoll.fleet.resources import Resource
from plimsoll.fleet.xid_codes import METRIC, SEVERITIES, xid

LINE: Final = "driver_error"
STAYS_OPEN: Final = timedelta(hours=24)
"""How long an alert stays open after the last such error: nothing that is read says that a card is mended."""
_ALERTING: Final[frozenset[Severity]] = frozenset({"high", "critical"})
_FEWEST: Final = 1.0


def driver_error_alerts(
    samples: pl.LazyFrame, resources: Sequence[Resource], *, as_of: datetime, state: AlertState
) -> Alerts:
    """The alerts of codes that mean a fault of the machine; errors of programs are no alert.

    in: `samples` with `gpu_xid_code`, of resources and devices, in any order; errors after `as_of` are not looked at
    """
    found: list[OpenAlert] = []
    events: list[AlertEvent] = []
    by_id = {resource.resource_id: resource for resource in resources}
    for resource_id, errors in _errors(samples, list(by_id), as_of).items():
        for episode in _episodes(errors):
            opened = _opened(resource_id, episode, state)
            quiet = state.quiet.why(opened.alert.alert_id, by_id[resource_id], as_of)
            opened = OpenAlert(opened.alert, LINE, opened.samples, opened.last, quiet, METRIC)
            is_open = as_of - opened.last <= STAYS_OPEN
            closed = None if is_open else opened.last + STAYS_OPEN
            events.append(AlertEvent(opened.alert, episode[0]["ts"], closed, is_open=is_open, quiet=quiet))
            if is_open:
                found.append(opened)
    return Alerts(found, events)


def _errors(samples: pl.LazyFrame, ids: Sequence[str], as_of: datetime) -> dict[str, list[Mapping[str, Any]]]:
    """ts, device, code of each error that is bad enough, the oldest first, by resource."""
    rows = (
        samples.filter(pl.col(METRIC) >= 1, pl.col("ts") <= as_of, pl.col("resource_id").is_in(ids))
        .filter(pl.col(METRIC) == pl.col(METRIC).round())  # the mean of an hour is no code
        .select("ts", "resource_id", "device", METRIC)
        .sort("resource_id", "ts", "device")
        .collect()
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        if xid(round(row[METRIC])).severity in _ALERTING:
            found.setdefault(row["resource_id"], []).append(row)
    return found


def _episodes(errors: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Errors that come before the alert of those before them has closed are one alert."""
    found: list[list[Mapping[str, Any]]] = []
    for one in errors:
        if found and one["ts"] - found[-1][-1]["ts"] <= STAYS_OPEN:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _opened(resource_id: str, episode: Sequence[Mapping[str, Any]], state: AlertState) -> OpenAlert:
    """The worst code of an episode; one that was seen open before keeps its id and its beginning."""
    worst = max(episode, key=lambda one: SEVERITIES.index(xid(round(one[METRIC])).severity))
    first, last = episode[0]["ts"], episode[-1]["ts"]
    known = state.known.get((resource_id, LINE))
    same = known if known is not None and known.opened <= first <= known.last_seen + STAYS_OPEN else None
    since = same.opened if same else first
    identity = f"{resource_id}\0{LINE}\0{rfc3339(since)}".encode()
    alert = Alert(
        alert_id=same.id if same else f"perf-{hashlib.sha256(identity).hexdigest()[:12]}",
        severity=xid(round(worst[METRIC])).severity,
        metric=METRIC,
        threshold=_FEWEST,
        current_value=float(round(worst[METRIC])),
        resource=resource_id,
        timestamp=rfc3339(since),
    )
    return OpenAlert(alert, LINE, len({(one["ts"], one[METRIC]) for one in episode}), last)
