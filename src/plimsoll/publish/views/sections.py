"""The sections between the tiles and the resources: what to do, what was unusual, what holds back, room to the line.

A section is None where its analysis was not made, and carries its reason where the analysis failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from markupsafe import Markup

from plimsoll.clock import instant
from plimsoll.documents.anomalies import Anomaly
from plimsoll.documents.capacity import ResourceRoom
from plimsoll.documents.optimization import ResourceOptimization
from plimsoll.documents.situation import RulesJudged, Situation
from plimsoll.documents.time_left import words
from plimsoll.publish import formatting
from plimsoll.publish.drawing.svg import bullet
from plimsoll.publish.theme import GLYPHS
from plimsoll.publish.views import incidents, outlook_text
from plimsoll.publish.views.actions import Action, Together, actions_of
from plimsoll.publish.views.counts import NOT_SEEN, in_words, why_not_judged
from plimsoll.publish.views.incidents import Shown
from plimsoll.publish.views.report_input import ReportInput

MOST_ROWS = 12
_NOT_JUDGED = "Not judged"
_UNREAD = f"{_NOT_JUDGED}: nothing was read in this window."
_TOO_LITTLE = f"{_NOT_JUDGED}: no rule has enough readings yet."


@dataclass(frozen=True, slots=True)
class Unusual:
    """One incident: the metric that stands out at its likely cause, and how many others moved with it."""

    severity: str
    glyph: str
    resource: str
    metric: str
    value: str
    expected: str
    z: str
    since: str
    why: str


@dataclass(frozen=True, slots=True)
class Constrained:
    """One bottleneck."""

    resource: str
    component: str
    description: str
    impact: str


@dataclass(frozen=True, slots=True)
class Room:
    """One resource's room to its load line, now and in fourteen days."""

    resource: str
    metric: str
    now: str
    later: str
    line: str
    days: str
    css: str
    drawing: Markup

    @property
    def left(self) -> str:
        """The days in words: `2 (1 – 6) days`, `too irregular`."""
        return f"{self.days} days" if any(c.isdigit() for c in self.days) else self.days


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of a section with the sentence of its rail; `failed` is why it could not be made.

    Without rows `sure` says that everything was judged: only then is it ticked off. Of advice `folded` are the
    recommendations after the first ones, `platform` those of several resources, `joint` what all is worth together.
    """

    rows: Sequence[Action | Unusual | Constrained | Room]
    sentence: str
    more: int = 0
    failed: str = ""
    sure: bool = False
    folded: Sequence[Action] = ()
    platform: Sequence[Together] = ()
    joint: str = ""

    @property
    def unshown(self) -> int:
        """How many rows are not open: those that are folded, and those beyond what a page takes."""
        return len(self.folded) + self.more

    @property
    def glyph(self) -> str:
        """Before the sentence of a section without rows."""
        return GLYPHS["ok"] if self.sure else GLYPHS["silent"]

    @property
    def judged(self) -> bool:
        """Whether anything was."""
        return not self.sentence.startswith(_NOT_JUDGED)


def actions(report: ReportInput, situation: Situation) -> Section | None:
    """The three most urgent recommendations, one a resource, and all the others folded behind them."""
    if report.optimization is None:
        return _failed(report, "optimization")
    found = actions_of(report, situation)
    rows = found.rows
    if rows:
        return Section(
            rows,
            "The most urgent first, with what each is worth.",
            found.more,
            folded=found.folded,
            platform=found.platform,
            joint=found.joint,
        )
    return Section(rows, nothing_to_do(situation), sure=all_judged(situation))


def nothing_to_do(situation: Situation) -> str:
    """Said of what was read and judged alone."""
    if (nothing := _no_rule_judged(situation)) is not None:
        return nothing
    missing = situation.silent or situation.unmeasured or situation.lost or situation.gaps
    tail = ", as far as it was read" if missing else ""
    if situation.rules is not None:
        tail += f"; {_rules_judged(situation.rules)}"
    return f"No action would improve this fleet by more than 2{formatting.NARROW}%{tail}."


def _no_rule_judged(situation: Situation) -> str | None:
    """What is said where nothing was read, or no rule had enough readings."""
    if not situation.read:
        return _UNREAD
    return _TOO_LITTLE if situation.rules is not None and not situation.rules.judged else None


def _rules_judged(rules: RulesJudged) -> str:
    wait = f", {rules.waiting} wait{'s' if rules.waiting == 1 else ''} for more history" if rules.waiting else ""
    return f"{rules.judged} of {rules.known} rules had enough to judge{wait}"


def all_judged(situation: Situation) -> bool:
    """Whether each rule whose metrics are collected had enough of them, and every resource was read throughout."""
    missing = situation.silent or situation.unmeasured or situation.lost or situation.gaps or situation.aged_out
    rules = situation.rules
    return (
        situation.read == situation.total
        and not missing
        and rules is not None
        and rules.judged > 0
        and not rules.waiting
    )


def unusual(report: ReportInput, situation: Situation, zone: ZoneInfo) -> Section | None:
    """The incidents of the window, the high ones first: one line each, of the likely cause."""
    if report.anomalies is None:
        return _failed(report, "anomalies")
    rows = [_unusual(one, report, zone) for one in incidents.shown(report)]
    weaker = incidents.weaker(report)
    rest = f" {weaker:,} weaker {'one is' if weaker == 1 else 'ones are'} in evidence.json." if weaker else ""
    sentence = f"{len(rows)} found. Each against its own past.{rest}" if rows else nothing_unusual(situation)
    sure = not rows and not weaker and all_compared(situation)
    return Section(rows[:MOST_ROWS], sentence, max(0, len(rows) - MOST_ROWS), sure=sure)


def all_compared(situation: Situation) -> bool:
    """Whether every resource, in all that it gives, was compared with its own past."""
    return situation.read > 0 and situation.judged > 0 and not why_not_judged(situation) and not situation.lost


def nothing_unusual(situation: Situation) -> str:
    """Said of what was judged alone."""
    why = why_not_judged(situation)
    if not situation.judged:
        return f"{_NOT_JUDGED}: {why or 'no resource is known yet'}."
    lost = len({one.id for one in situation.lost})
    if lost:
        why = f"{why}, {lost:,} in part" if why else f"{lost:,} in part"
    return f"Nothing was unlike its own past; not judged: {why}." if why else "Nothing was unlike its own past."


def constrained(report: ReportInput, situation: Situation) -> Section | None:
    """The bottlenecks, the most constrained resource first."""
    if report.optimization is None:
        return _failed(report, "optimization")
    rows = [
        _constrained(resource, one.component, one.description, one.impact)
        for resource in report.optimization.resources
        for one in (resource.bottlenecks or ())
    ]
    sentence = (
        f"{formatting.plural(len(rows), 'bottleneck')}, the tightest first." if rows else nothing_constrained(situation)
    )
    sure = not rows and all_judged(situation)
    return Section(rows[:MOST_ROWS], sentence, max(0, len(rows) - MOST_ROWS), sure=sure)


def nothing_constrained(situation: Situation) -> str:
    """Said of what was judged alone, with how many rules could."""
    if (nothing := _no_rule_judged(situation)) is not None:
        return nothing
    unread = situation.total - situation.aged_out - situation.read
    counted = in_words([(unread, "without a reading in this window"), (situation.aged_out, NOT_SEEN)])
    parts = [_rules_judged(situation.rules)] if situation.rules is not None else []
    parts += [f"not judged: {counted}"] if counted else []
    return f"No rule found anything{''.join(f'; {part}' for part in parts)}."


def room(report: ReportInput) -> Section | None:
    """Resources that reach their line within the horizon or are closest to it."""
    if report.capacity is None:
        return _failed(report, "capacity")
    names = {r.resource_id: r.name for r in report.resources}
    known = [one for one in report.capacity.resources if one.now is not None]
    ordered = sorted(known, key=_urgency)[:MOST_ROWS]
    crossing = [one for one in known if one.state in ("crosses", "over now")]
    sentence = (
        f"{formatting.plural(len(crossing), 'resource')} will reach or "
        f"{'has' if len(crossing) == 1 else 'have'} reached "
        f"a line within {report.capacity.horizon_days} days."
        if crossing
        else outlook_text.none_reaches(known, "resource", "its line", report.capacity.horizon_days)
    )
    horizon = report.capacity.horizon_days
    return Section([_room(one, names, horizon) for one in ordered], sentence, max(0, len(known) - MOST_ROWS))


def _failed(report: ReportInput, part: str) -> Section | None:
    reason = report.failed.get(part)
    if reason is None:
        return None
    return Section([], "", failed=f"This section could not be made: {reason}. The rest of the report is complete.")


def _unusual(one: Shown, report: ReportInput, zone: ZoneInfo) -> Unusual:
    """The line of an incident: its likely cause, with how many other resources are in it."""
    lead, entry = one.lead, one.entries[0] if one.entries else None
    names = {r.resource_id: r.name for r in report.resources}
    metric = entry.metric if entry else lead.unit
    value = entry.value if entry else lead.observed
    known = formatting.known(metric)
    more = f" and {len(one.entries) - 1} more" if len(one.entries) > 1 else ""
    others = f" and {len(one.resources) - 1:,} more" if len(one.resources) > 1 else ""
    resource = one.finding.resource
    start = formatting.clock_time(instant(lead.window.start), zone, day_of=report.end)
    end = formatting.clock_time(instant(lead.window.end), zone, day_of=report.end)
    why = one.finding.explanation
    if others:
        cause = one.detail.causes[0].why if one.detail.causes else ""
        likely = f"likely cause: {names.get(resource, resource)} ({cause})"
        why = f"{len(one.resources):,} resources, {one.detail.tie}; {likely}. {why}"
    return Unusual(
        severity=one.severity,
        glyph=GLYPHS[one.severity],
        resource=formatting.name(names.get(resource, resource)) + others,
        metric=(formatting.sentence_case(formatting.label(metric)) if known else metric) + more,
        value=formatting.amount(value, metric) if known else formatting.number(value),
        expected=_range(entry),
        z=f"z {min(entry.z_score, 99.9):.1f}" if entry else lead.rule.removeprefix("anomalies.").replace("_", " "),
        since=f"{start}{', goes on' if one.finding.open else f' to {end}'}",
        why=formatting.visible(why),
    )


def _range(entry: Anomaly | None) -> str:
    if entry is None:
        return formatting.UNKNOWN
    return f"{formatting.number(entry.expected_low)} – {formatting.number(entry.expected_high)}"


def _constrained(resource: ResourceOptimization, component: str, description: str, impact: str) -> Constrained:
    return Constrained(
        formatting.name(resource.resource_name),
        formatting.visible(component),
        formatting.sentence_case(formatting.visible(description)),
        formatting.visible(impact),
    )


def _later(percent: float | None) -> str:
    """A forecast beyond 100 stops there."""
    if percent is None:
        return formatting.UNKNOWN
    return "full" if percent >= 100 else f"{formatting.percent(percent)}"


def _urgency(one: ResourceRoom) -> tuple[float, float, str]:
    days = one.crossing.middle_days if one.crossing and one.crossing.middle_days is not None else 10_000
    return (0 if one.state == "over now" else days, one.line - (one.now or 0.0), one.resource_id)


def _room(one: ResourceRoom, names: dict[str, str], horizon: int) -> Room:
    resource = formatting.name(names.get(one.resource_id, one.resource_name))
    days = f"> {horizon} days" if one.state == "not within the horizon" else one.state
    if one.state == "crosses" and one.crossing and one.crossing.middle_days is not None:
        days = one.crossing.with_band(horizon) or days
    if one.time_left is not None and one.time_left.full_pct > one.line:
        days = f"{days}, {one.time_left.full_pct:g}{formatting.NARROW}% in {words(one.time_left.until_full.hours)}"
    metric = formatting.sentence_case(formatting.label(one.metric))
    later = formatting.number(one.in_14_days)
    label = f"{resource}, {metric}: {formatting.number(one.now)} percent now, {later} in 14 days, line {one.line:g}"
    return Room(
        resource=resource,
        metric=metric,
        now=f"{'busy ' if one.level == 'busy hours' and one.now is not None else ''}{formatting.percent(one.now)}",
        later=_later(one.in_14_days),
        line=f"{one.line:g}{formatting.NARROW}%",
        days=days,
        css="critical" if one.state in ("crosses", "over now") else "ink2",
        drawing=bullet(one.now or 0.0, one.in_14_days, one.line, label=label),
    )
