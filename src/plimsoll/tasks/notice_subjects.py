"""Alerts of the ledger as messages report them: one sentence each, in the project's zone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, cast
from zoneinfo import ZoneInfo

from plimsoll.delivery.notice import Subject, SubjectKind
from plimsoll.documents import Severity
from plimsoll.fleet.presence import METRIC as SILENCE
from plimsoll.fleet.resources import Resource
from plimsoll.fleet.xid_codes import METRIC as XID
from plimsoll.fleet.xid_codes import xid
from plimsoll.ledger import AlertRow
from plimsoll.ledger.alerts import AlertKind
from plimsoll.publish import formatting

_OWNER: Final = "owner"
_KIND_OF: Final[Mapping[AlertKind, SubjectKind]] = MappingProxyType(
    {"line": "alert", "rule": "alert", "incident": "incident", "forecast": "forecast"}
)
_OVER: Final[Mapping[SubjectKind, str]] = MappingProxyType(
    {"alert": "is found no longer", "incident": "has ended", "forecast": "is not expected any more"}
)


def subjects_of(
    rows: Sequence[AlertRow],
    muted: Mapping[str, str | None],
    resources: Sequence[Resource],
    *,
    at: datetime,
    zone: ZoneInfo,
) -> list[Subject]:
    """Each alert with what is known of its resource; `muted` gives the reason by the alert's id."""
    known = {one.resource_id: one for one in resources}
    return [_subject(row, muted.get(row.id), known.get(row.resource), at, zone) for row in rows]


def _subject(row: AlertRow, muted: str | None, resource: Resource | None, at: datetime, zone: ZoneInfo) -> Subject:
    name = formatting.name(resource.name if resource else row.resource)
    return Subject(
        id=row.id,
        kind=_KIND_OF[row.kind],
        severity=cast("Severity", row.severity),
        resource=row.resource,
        name=name,
        type=resource.type if resource else "",
        owner=resource.labels.get(_OWNER, "") if resource else "",
        metric=row.metric,
        text=f"{name}{':' if row.what else ''} {_what(row, at)}, {_when(row, at, zone)}",
        opened=row.opened,
        closed=row.closed,
        value=row.value,
        threshold=row.threshold,
        muted=muted or "",
    )


def _what(row: AlertRow, at: datetime) -> str:
    if row.what:
        what = formatting.visible(row.what)
        return f"what was found ({what}) {_OVER[_KIND_OF[row.kind]]}" if row.closed else what
    if row.metric == SILENCE:
        return f"was silent for {formatting.duration((row.closed or at) - row.opened)}" if row.closed else "is silent"
    if row.metric == XID:
        code = round(row.value)
        return f"driver error XID {code} ({formatting.visible(xid(code).what)})"
    value, line = formatting.amount(row.value, row.metric), formatting.amount(row.threshold, row.metric)
    label = formatting.label(row.metric)
    if row.closed:
        worst = formatting.amount(row.worst, row.metric)
        return f"{label} is back inside its line at {line}; the worst was {worst}"
    side = "over" if row.worst >= row.threshold else "under"
    return f"{label} {value}, {side} its line at {line}"


def _when(row: AlertRow, at: datetime, zone: ZoneInfo) -> str:
    since = f"since {formatting.clock_time(row.opened, zone, day_of=at)}"
    if row.closed is None:
        return f"{since} ({formatting.duration(at - row.opened)})"
    until = formatting.clock_time(row.closed, zone, day_of=at)
    return f"from {since.removeprefix('since ')} to {until} ({formatting.duration(row.closed - row.opened)})"
