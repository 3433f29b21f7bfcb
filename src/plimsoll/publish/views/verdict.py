"""The verdict: the state of the fleet in one of six words, and at most two facts with a name, a number and a time.

Read from the bottom up, the first row that is true wins:

All calm.                nothing over its line, no alert open, nothing crosses within 14 days, coverage at least 95 %
Steady.                  something was over its line or unusual, or coverage is under 95 %; nothing worse
Watch this week.         a medium alert is open, or a line will be crossed within 14 days
Needs attention today.   a high alert is open, or a line will be crossed within 3 days
In trouble now.          a critical alert is open, availability under 95 %, or a tenth of the fleet over its line
Cannot tell.             coverage under 80 %, a whole type silent, or no resource at all
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from plimsoll.clock import instant
from plimsoll.documents import Alert
from plimsoll.publish import formatting
from plimsoll.publish.views import outlook_text
from plimsoll.publish.views.report_input import ReportInput
from plimsoll.publish.views.sections import SOON_DAYS, crossings

_AVAILABLE_PCT = 95.0
_TENTH = 0.1
_TODAY_DAYS = 3
_WORST_FIRST = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Verdict:
    """State, its colour's token, and the sentence of facts."""

    state: str
    colour: str
    facts: str
    names: tuple[str, ...] = ()

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """The facts cut at resource names (True), which must never break."""
        found = [(self.facts, False)]
        for name in sorted(self.names, key=len, reverse=True):
            found = [piece for text, is_name in found for piece in _cut(text, name, is_name=is_name)]
        return [(text, is_name) for text, is_name in found if text]


def _cut(text: str, name: str, *, is_name: bool) -> list[tuple[str, bool]]:
    before, found, after = text.partition(name)
    return [(text, is_name)] if is_name or not found else [(before, False), (name, True), (after, False)]


@dataclass(frozen=True, slots=True)
class Situation:
    """What the verdict is judged from."""

    coverage_pct: float | None
    silent: Sequence[str]
    silent_types: Sequence[str]
    over_now: Sequence[str]
    was_over: Sequence[str]
    crossings: Sequence[tuple[int, str, str]] = ()
    unusual: int = 0


def judge(report: ReportInput, situation: Situation) -> Verdict:
    """The verdict of a report."""
    verdict = _judged(report, situation)
    named = {a.resource for a in report.document.alerts} | set(situation.was_over) | set(situation.silent)
    names = sorted({_name(report, i) for i in named} | {formatting.name(name) for _, name, _ in situation.crossings})
    return replace(verdict, names=tuple(name for name in names if name in verdict.facts))


def _judged(report: ReportInput, situation: Situation) -> Verdict:
    open_severities = {alert.severity for alert in report.document.alerts}
    count = len(report.resources)
    coverage = situation.coverage_pct
    available = report.document.overall.availability_score
    if not count or coverage is None or coverage < 80 or situation.silent_types:
        return Verdict("Cannot tell.", "ink3", _unknown(report, situation))
    in_trouble = len(situation.over_now) >= max(2, _TENTH * count)
    if "critical" in open_severities or in_trouble or (available is not None and available < _AVAILABLE_PCT):
        return Verdict("In trouble now.", "critical", _facts(report, situation))
    for severity, within_days, state, colour in (
        ("high", _TODAY_DAYS, "Needs attention today.", "critical"),
        ("medium", SOON_DAYS, "Watch this week.", "medium"),
    ):
        if severity in open_severities or any(days <= within_days for days, _, _ in situation.crossings):
            return Verdict(state, colour, _facts(report, situation))
    if situation.was_over or situation.unusual or coverage < 95 or open_severities:
        return Verdict("Steady.", "ink", _facts(report, situation))
    return Verdict("All calm.", "ok", f"Every resource stayed under its line{_ahead(report)}.")


def _ahead(report: ReportInput) -> str:
    if report.capacity is None:
        return ""
    forecast, blind = outlook_text.counted(report.capacity.resources)
    if not forecast:
        return "; there is too little history to look ahead yet"
    which = "none that can be forecast" if blind else "none"
    return f", and {which} reaches it in the next {report.capacity.horizon_days} days"


def _facts(report: ReportInput, situation: Situation) -> str:
    count = len(report.resources)
    facts: list[str] = []
    if len(situation.over_now) >= max(2, _TENTH * count):
        facts.append(f"{len(situation.over_now)} of {formatting.plural(count, 'resource')} are over their line")
    available = report.document.overall.availability_score
    if available is not None and available < _AVAILABLE_PCT:
        facts.append(f"only {formatting.percent(available)} was available")
    worst = sorted(report.document.alerts, key=lambda alert: _WORST_FIRST.index(alert.severity))
    soon = [_crossing(one) for one in situation.crossings]
    told = [_alert(report, alert) for alert in worst]
    urgent = bool(worst) and worst[0].severity in ("critical", "high")
    facts += [*told[:1], *soon[:1], *told[1:]] if urgent or not soon else [*soon[:1], *told]
    if len(facts) < 2 and not report.document.alerts and situation.was_over:
        facts.append(f"{_some(report, situation.was_over)} crossed a line and came back")
    if len(facts) < 2 and not report.document.alerts and situation.unusual:
        facts.append(f"{formatting.plural(situation.unusual, 'resource')} did something unlike the past")
    if len(facts) < 2 and situation.silent:
        facts.append(f"{_some(report, situation.silent)} sent no data at the end")
    if not facts and situation.coverage_pct is not None:
        facts.append(f"{formatting.percent(situation.coverage_pct)} of readings arrived")
    return _sentence(facts)


def _crossing(one: tuple[int, str, str]) -> str:
    days, name, metric = one
    return f"{formatting.name(name)} reaches its {formatting.label(metric)} line in {formatting.plural(days, 'day')}"


def _alert(report: ReportInput, alert: Alert) -> str:
    since = duration_since(alert, report.end)
    return f"{_name(report, alert.resource)} has been over its {formatting.label(alert.metric)} line for {since}"


def duration_since(alert: Alert, end: datetime) -> str:
    """How long an alert has been open at the end of the report."""
    return formatting.duration(end - instant(alert.timestamp))


def _unknown(report: ReportInput, situation: Situation) -> str:
    if not report.resources:
        return "No resource matched the filter."
    facts: list[str] = []
    if situation.coverage_pct is not None and situation.coverage_pct < 80:
        facts.append(f"only {formatting.percent(situation.coverage_pct)} of readings arrived")
    if situation.coverage_pct is None:
        facts.append("no reading was expected or arrived")
    if situation.silent_types:
        facts.append(f"every {situation.silent_types[0]} has been silent{_since(report, situation)}")
    return _sentence(facts)


def _since(report: ReportInput, situation: Situation) -> str:
    members = {r.resource_id for r in report.resources if r.type == situation.silent_types[0]}
    heard = [s.last for s in report.standings if s.resource_id in members and s.last]
    if not heard:
        return ""
    return f" since {formatting.clock_time(max(heard), ZoneInfo(report.zone), day_of=report.end)}"


def _name(report: ReportInput, resource_id: str) -> str:
    known = {r.resource_id: r.name for r in report.resources}
    return formatting.name(known.get(resource_id, resource_id))


def _some(report: ReportInput, ids: Sequence[str]) -> str:
    if len(ids) == 1:
        return _name(report, ids[0])
    return formatting.plural(len(ids), "resource")


def _sentence(facts: Sequence[str]) -> str:
    text = ", and ".join(facts[:2])
    return f"{text}." if text else ""


def situation_of(report: ReportInput) -> Situation:
    """Coverage, silence and crossings, from the evidence and the standings."""
    coverage = {e.subject.removeprefix("coverage."): e for e in report.evidence if e.subject.startswith("coverage.")}
    due = sum(float(e.detail["expected"]) for e in coverage.values())
    arrived = sum(min(float(e.samples), float(e.detail["expected"])) for e in coverage.values())
    silent = [subject for subject, e in coverage.items() if e.detail["silent"]]
    totals = Counter(r.type for r in report.resources)
    quiet = Counter(r.type for r in report.resources if r.resource_id in set(silent))
    over_now = sorted({alert.resource for alert in report.document.alerts})
    was_over = [s.resource_id for s in report.standings if s.margin is not None and s.margin > 0]
    return Situation(
        coverage_pct=100 * arrived / due if due else None,
        silent=silent,
        silent_types=[kind for kind, count in sorted(totals.items()) if quiet[kind] == count],
        over_now=over_now,
        was_over=[r for r in was_over if r not in over_now],
        crossings=crossings(report),
        unusual=len(report.anomalies or ()),
    )
