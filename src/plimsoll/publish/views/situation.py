"""The documents and facts of a report -> its situation: the one place where sentences get their numbers from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast, get_args

from plimsoll.clock import instant, rfc3339
from plimsoll.documents import detailed
from plimsoll.documents.capacity import ResourceRoom
from plimsoll.documents.evidence import AvailabilityDetail, RulesJudgedDetail, SituationEvidence
from plimsoll.documents.situation import (
    Absent,
    Advice,
    Ahead,
    CameBack,
    Crossing,
    GpuTotals,
    Incident,
    JustOver,
    Lost,
    Open,
    RulesJudged,
    Situation,
)
from plimsoll.fleet.presence import METRIC, Presence, Standing
from plimsoll.fleet.resources import Resource
from plimsoll.publish.views import incidents, outlook_text
from plimsoll.publish.views.report_input import ReportInput

_WORST_FIRST: Final = ("critical", "high", "medium", "low")
_FELT: Final = frozenset({"response_time", "error_rate"})
"""What users of a service notice at this moment: named before what is only seen on its machines."""


def situation_of(report: ReportInput) -> Situation:
    """All of a report's situation."""
    names = {r.resource_id: r.name for r in report.resources}
    listed = [one for one in report.presences if one.resource_id in names]
    present = [one for one in listed if not one.aged_out]
    known = of_presences(report.resources, report.presences, report.end)
    silent, unmeasured = known.silent, known.unmeasured
    opened = _open(report, names)
    muted = sorted({event.alert.resource for event in report.events if event.is_open and event.muted is not None})
    crossed = _crossed(report)
    changed = [event for event in report.events if event.muted is None]
    # as readings are: what one at the very end opens or closes is the next window's, and no report leaves it out
    since = max(report.previous_end, report.start) if report.previous else report.start
    return replace(
        known,
        silent_types=_silent_types(report, {one.id for one in silent}),
        gaps=_gaps(present, names, report),
        open=opened,
        muted=muted,
        opened=sum(since <= event.opened < report.end for event in changed),
        closed=sum(event.closed is not None and since <= event.closed < report.end for event in changed),
        crossed=sorted(crossed),
        came_back=_came_back(report, names, crossed, {one.id for one in (*silent, *unmeasured)}),
        over_now=sorted(_over_now(report)),
        just_over=_just_over(report, names),
        incidents=_incidents(report),
        advice=_advice(report),
        crossings=sorted(_crossings(report), key=lambda one: (one.days, one.name, one.metric)),
        ahead=_ahead(report),
        availability_pct=_availability(report, known.coverage_pct),
        gpus=_gpus(report),
        failed_sections=sorted(report.failed),
        failed_jobs=list(report.made.failed_jobs),
        uncovered=list(report.made.uncovered),
        is_filtered=report.is_filtered,
        without_line=_without_line(report, crossed),
        rules=_rules(report),
    )


def _gpus(report: ReportInput) -> GpuTotals | None:
    fleet = report.gpus
    if fleet is None or fleet.busy_pct is None or fleet.busiest_pct is None or fleet.enough is None:
        return None
    return GpuTotals(fleet.count, fleet.busy_pct, fleet.busiest_pct, fleet.enough, fleet.unread)


def of_presences(resources: Sequence[Resource], presences: Sequence[Presence], end: datetime) -> Situation:
    """What is known from how each resource was read alone: how many were read and judged, and which were not."""
    names = {r.resource_id: r.name for r in resources}
    types = {r.resource_id: r.type for r in resources}
    listed = [one for one in presences if one.resource_id in names]
    present = [one for one in listed if not one.aged_out]
    standing: dict[Standing, list[Presence]] = {one: [] for one in get_args(Standing)}
    for one in listed:
        standing[one.standing].append(one)
    shares = [one.coverage_pct for one in present if one.coverage_pct is not None]
    whole = sum(one.in_window for one in present if one.coverage_pct is None)
    return Situation(
        total=len(resources),
        read=sum(one.in_window for one in present),
        judged=len(standing["judged"]),
        too_new=[one.resource_id for one in standing["too new"]],
        too_seldom=[one.resource_id for one in standing["too seldom"]],
        coverage_pct=(sum(shares) + 100.0 * whole) / (len(shares) + whole) if shares or whole else None,
        silent=_absent(standing["silent"], names, types, end),
        unmeasured=_absent(standing["not due"], names, types, end),
        lost=[one for p in present for one in _lost(p, names[p.resource_id])],
        aged_out=len(standing["not seen"]),
    )


def _lost(presence: Presence, name: str) -> Iterator[Lost]:
    """Each lost metric, and the lost GPUs together: since the first of them went away."""
    yield from (Lost(presence.resource_id, name, one.metric, one.since) for one in presence.lost if not one.device)
    gpus = [one for one in presence.lost if one.device]
    if gpus:
        yield Lost(presence.resource_id, name, "", min(one.since for one in gpus), [one.device for one in gpus])


def _absent(
    presences: Sequence[Presence], names: Mapping[str, str], types: Mapping[str, str], end: datetime
) -> list[Absent]:
    found = [
        Absent(i, names[i], since, end - since if since else timedelta(0), p.last is None, types[i])
        for p in presences
        for i, since in [(p.resource_id, p.silent_since)]
    ]
    return sorted(found, key=lambda one: (-one.length, one.id))


def _silent_types(report: ReportInput, silent: set[str]) -> list[str]:
    """Types of which no resource is read any more; one that ended as promised is not missed."""
    ended = {one.resource_id for one in report.presences if one.aged_out or (one.state == "ended" and one.in_window)}
    members: dict[str, list[str]] = {}
    for resource in report.resources:
        members.setdefault(resource.type, []).append(resource.resource_id)
    gone = {one.resource_id for one in report.presences if one.aged_out or not one.in_window} - ended
    return sorted(
        kind
        for kind, ids in members.items()
        if any(one in silent for one in ids) and all(one in silent | gone | ended for one in ids)
    )


def _gaps(present: Sequence[Presence], names: Mapping[str, str], report: ReportInput) -> list[Absent]:
    """Silences that ended inside the window, summed for each resource."""
    found: list[Absent] = []
    for one in present:
        ended = [s for s in one.stretches if s.end is not None and s.end > report.start]
        inside = [(max(s.start, report.start), s.end) for s in ended]
        length = sum((end - start for start, end in inside if end is not None), timedelta(0))
        if inside:
            found.append(Absent(one.resource_id, names[one.resource_id], inside[0][0], length))
    return sorted(found, key=lambda one: (-one.length, one.id))


def _open(report: ReportInput, names: Mapping[str, str]) -> list[Open]:
    what = {event.alert.alert_id: event.what for event in report.events}
    found = [
        Open(
            alert.alert_id,
            alert.resource,
            names.get(alert.resource, alert.resource),
            alert.severity,
            alert.metric,
            instant(alert.timestamp),
            alert.metric == METRIC,
            what.get(alert.alert_id, ""),
        )
        for alert in report.document.alerts
    ]
    return sorted(
        found, key=lambda one: (_WORST_FIRST.index(one.severity), one.metric not in _FELT, one.since, one.resource)
    )


def _over_now(report: ReportInput) -> set[str]:
    """Over a line at the last reading, whether or not an alert has opened."""
    lines = {event.alert.resource for event in report.events if event.is_open and event.is_of_line}
    by_rules = {event.alert.alert_id for event in report.events if event.what}
    listed = [alert for alert in report.document.alerts if alert.alert_id not in by_rules]
    opened = {alert.resource for alert in listed if alert.metric != METRIC}
    return lines | opened | {one.resource_id for one in report.standings if one.is_over}


def _just_over(report: ReportInput, names: Mapping[str, str]) -> list[JustOver]:
    """Lines that are crossed, and not for long enough to open an alert, the longest first."""
    found = [replace(one, name=names[one.id]) for one in report.just_over if one.id in names]
    return sorted(found, key=lambda one: (one.since, one.id, one.metric))


def _without_line(report: ReportInput, crossed: set[str]) -> list[str]:
    """Resources that were read, and nothing of them that has a line."""
    read = {one.resource_id for one in report.presences if one.in_window and not one.aged_out}
    return sorted(read.intersection(one.resource_id for one in report.standings if one.margin is None) - crossed)


def _rules(report: ReportInput) -> RulesJudged | None:
    for one, rules in detailed(report.evidence, RulesJudgedDetail):
        return RulesJudged(len(rules.judged), len(rules.waiting), one.samples)
    return None


def _crossed(report: ReportInput) -> set[str]:
    touched = {
        event.alert.resource
        for event in report.events
        if event.is_of_line and (event.closed is None or event.closed > report.start)
    }
    over = {one.resource_id for one in report.standings if one.margin is not None and one.margin > 0}
    return touched | over | _over_now(report)


def _came_back(report: ReportInput, names: Mapping[str, str], crossed: set[str], absent: set[str]) -> list[CameBack]:
    """Those that crossed and are known to be under their lines now."""
    unknown = {e.alert.resource for e in report.events if e.closed is None and e.is_of_line}
    closed: dict[str, datetime] = {}
    for event in report.events:
        if event.closed is not None and event.is_of_line:
            closed[event.alert.resource] = max(event.closed, closed.get(event.alert.resource, event.closed))
    back = crossed - _over_now(report) - unknown - absent
    return [CameBack(one, names[one], closed.get(one)) for one in sorted(back)]


def _incidents(report: ReportInput) -> list[Incident]:
    """Each by its likely cause, with all its resources; silence is reported as silence."""
    names = {r.resource_id: r.name for r in report.resources}
    found: list[Incident] = []
    for one in incidents.shown(report):
        cause = one.finding.resource
        found.append(Incident(cause, names.get(cause, cause), one.severity, list(one.resources)))
    return sorted(found, key=lambda one: (_WORST_FIRST.index(one.severity), one.id))


def _availability(report: ReportInput, coverage_pct: float | None) -> float | None:
    """How available what was read was; where nothing counts requests or probes, less what is only not known."""
    whole = report.document.overall.availability_score
    measure = next((detail for _, detail in detailed(report.evidence, AvailabilityDetail)), None)
    if whole is None or measure is None or measure.method != "readings":
        return whole
    return min(100.0, 100 * whole / coverage_pct) if coverage_pct else None


def _advice(report: ReportInput) -> list[Advice]:
    return [
        Advice(one.id, resource.resource_id, resource.resource_name, one.title)
        for resource in (report.optimization.resources if report.optimization else ())
        for one in (resource.recommendations or ())
        if one.priority == "high"
    ]


def _crossings(report: ReportInput) -> Iterator[Crossing]:
    for one in report.capacity.resources if report.capacity else ():
        if (days := days_left(one)) is not None:
            when = one.crossing.words() if one.crossing and one.state == "crosses" else None
            yield Crossing(days, one.resource_id, one.resource_name, one.metric, when or "")


def days_left(room: ResourceRoom) -> int | None:
    """Days until a forecast reaches the line, 0 where it is over it; None: it does not within the horizon."""
    if room.state == "over now":
        return 0
    if room.state != "crosses" or room.crossing is None:
        return None
    crossing = room.crossing
    return next((d for d in (crossing.middle_days, crossing.early_days, crossing.late_days) if d is not None), None)


def _ahead(report: ReportInput) -> Ahead | None:
    if report.capacity is None:
        return None
    forecast, without = outlook_text.counted(report.capacity.resources)
    return Ahead(report.capacity.horizon_days, forecast, without)


def evidence_of(report: ReportInput, situation: Situation, *, state: str, facts: str) -> SituationEvidence:
    """The situation as a document: every number of the verdict, the notices and the second line."""
    return SituationEvidence(
        subject="situation",
        rule="the first row that is true, the worst first",
        window=report.document.time_range,
        observed=float(situation.state),
        threshold=None,
        unit="0 calm to 5 cannot tell",
        samples=situation.read,
        detail=detail_of(situation, state=state, facts=facts),
    )


def detail_of(situation: Situation, *, state: str, facts: str) -> dict[str, Any]:
    """The situation's fields and its counts in plain values, with the verdict in words."""
    return {"verdict": state, "facts": facts, "counts": _plain(situation.counts), **plain(situation)}


def plain(situation: Situation) -> dict[str, Any]:
    """Every field of a situation as `situation.json` has it."""
    return cast("dict[str, Any]", _plain(situation))


def _plain(value: Any) -> Any:  # noqa: ANN401 - anything that a situation holds
    """Plain values under camelCase names; instants as RFC 3339, lengths in minutes."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, timedelta):
        return round(value.total_seconds() / 60, 1)
    if is_dataclass(value):
        return {_camel(field.name): _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("Sequence[Any]", value)]
    return value


def _camel(name: str) -> str:
    first, *rest = ("length_minutes" if name == "length" else name).split("_")
    return first + "".join(part.capitalize() for part in rest)
