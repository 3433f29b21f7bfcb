"""Incidents and forecasts as the ledger keeps them for people: one row while one goes on, under one id."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from plimsoll.clock import instant, rfc3339
from plimsoll.documents import Evidence, detailed
from plimsoll.documents.anomalies import AnomaliesDocument, Anomaly
from plimsoll.documents.capacity import ResourceRoom
from plimsoll.documents.evidence import FindingDetail, IncidentDetail
from plimsoll.documents.incidents import incidents_of
from plimsoll.documents.situation import TODAY_DAYS
from plimsoll.ledger import AlertRow, OpenAlertObservation
from plimsoll.metrics import document_name
from plimsoll.publish import formatting
from plimsoll.publish.views.situation import days_left
from plimsoll.queries.anomalies import AnomaliesQuery, anomalies
from plimsoll.queries.capacity import CapacityQuery, capacity
from plimsoll.queries.context import QueryContext

INCIDENT: Final = "incidents"
FORECAST: Final = "forecast."
_EASED: Final = 1.5
"""A forecast that was open stays open up to so many times as far ahead: noise around a number of days is one alert."""


def open_incidents(sources: QueryContext) -> list[OpenAlertObservation]:
    """The incidents that go on at the instant, one for each likely cause; silence is an alert of its own."""
    document, evidence = anomalies(sources, AnomaliesQuery(time_range="24h", granularity="15m"))
    known = [row for row in _known(sources) if row.line == INCIDENT]
    proof = dict(_findings(evidence))
    found: dict[str, OpenAlertObservation] = {}
    for one, detail in incidents_of(evidence):
        if detail.is_open and detail.reported and not detail.is_silence:
            before = next((row for row in known if row.resource in detail.resources), None)
            observed = _incident(one, detail, document, proof, before)
            found.setdefault(observed.resource, observed)
    return list(found.values())


def _findings(evidence: list[Evidence]) -> Iterator[tuple[str, tuple[Evidence, FindingDetail]]]:
    for one, detail in detailed(evidence, FindingDetail):
        yield one.subject, (one, detail)


def _incident(
    one: Evidence,
    detail: IncidentDetail,
    document: AnomaliesDocument,
    proof: Mapping[str, tuple[Evidence, FindingDetail]],
    before: AlertRow | None,
) -> OpenAlertObservation:
    lead, finding = proof[detail.members[0]]
    entry = _entry(document, detail.members)
    others = f" ({formatting.plural(len(detail.resources), 'resource')})" if len(detail.resources) > 1 else ""
    return OpenAlertObservation(
        id=before.id if before else one.subject,
        resource=before.resource if before else finding.resource,
        line=INCIDENT,
        metric=entry.metric if entry else lead.unit,
        severity=detail.severity,
        threshold=0.0,
        value=entry.value if entry else lead.observed or 0.0,
        opened=before.opened if before else instant(one.window.start),
        last_seen=instant(one.window.end),
        what=f"{_in_words(entry) if entry else detail.explanation.partition(';')[0].rstrip('.')}{others}",
    )


def _entry(document: AnomaliesDocument, members: list[str]) -> Anomaly | None:
    entries = {entry.id: entry for resource in document for entry in resource.anomalies}
    return next((entries[member] for member in members if member in entries), None)


def _in_words(entry: Anomaly) -> str:
    known = formatting.known(entry.metric)
    label = formatting.label(entry.metric) if known else entry.metric
    value = formatting.amount(entry.value, entry.metric) if known else formatting.number(entry.value)
    usual = f"{formatting.number(entry.expected_low)} to {formatting.number(entry.expected_high)}"
    return f"{label} was {value}, usual here is {usual}"


def crossings_within(sources: QueryContext, within: timedelta) -> list[OpenAlertObservation]:
    """The forecasts that reach a line within a time and are not over it yet, but for what an alert of a rule says."""
    known = {(row.resource, row.line): row for row in _known(sources)}
    said = {(row.resource, row.metric) for row in known.values() if row.kind == "rule"}
    document, _ = capacity(sources, CapacityQuery())
    found: list[OpenAlertObservation] = []
    for room in document.resources:
        days, before = days_left(room), known.get((room.resource_id, FORECAST + room.metric))
        most = within.days * (_EASED if before else 1.0)
        if (
            days is None
            or days > most
            or (days == 0 and before is None)
            or (room.resource_id, document_name(room.metric)) in said
        ):
            continue
        found.append(_forecast(sources, room, days, before))
    return found


def _forecast(sources: QueryContext, room: ResourceRoom, days: int, before: AlertRow | None) -> OpenAlertObservation:
    identity = f"{room.resource_id}\0{room.metric}\0{rfc3339(sources.as_of)}".encode()
    line = formatting.amount(room.line, room.metric)
    label = formatting.label(room.metric)
    return OpenAlertObservation(
        id=before.id if before else f"ahead-{hashlib.sha256(identity).hexdigest()[:12]}",
        resource=room.resource_id,
        line=FORECAST + room.metric,
        metric=room.metric,
        severity="high" if days <= TODAY_DAYS else "medium",
        threshold=room.line,
        value=float(days),
        opened=before.opened if before else sources.as_of,
        last_seen=sources.as_of,
        what=f"{label} reaches its line at {line} in {formatting.plural(days, 'day')}"
        if days
        else f"{label} is over its line at {line}",
    )


def _known(sources: QueryContext) -> list[AlertRow]:
    return sources.alerts.open_at(sources.as_of) if sources.alerts else []
