"""What a report says: plain frozen values, every word and number already as it will be read.

Templates only place these; they hold no arithmetic and no threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from plimsoll.clock import instant
from plimsoll.documents.report_kinds import REPORT_KINDS
from plimsoll.documents.situation import Situation
from plimsoll.publish import formatting
from plimsoll.publish.drawing.svg import MARK
from plimsoll.publish.theme import GLYPHS
from plimsoll.publish.views import fleet_strip, resource_rows, sections
from plimsoll.publish.views.absences import Absence, absences
from plimsoll.publish.views.changes import ChangesView, changes_view
from plimsoll.publish.views.counts import in_words, not_read, why_not_judged
from plimsoll.publish.views.fleet_strip import FleetPicture
from plimsoll.publish.views.gpu_rows import GpuSection, gpu_section
from plimsoll.publish.views.just_over import just_over
from plimsoll.publish.views.notices import notices
from plimsoll.publish.views.provenance import Column, provenance
from plimsoll.publish.views.report_input import ReportInput
from plimsoll.publish.views.resource_rows import ResourceRow
from plimsoll.publish.views.sections import Section
from plimsoll.publish.views.situation import situation_of
from plimsoll.publish.views.tiles import Tile, tiles
from plimsoll.publish.views.verdict import Moment, Verdict, judge

MOST_ROWS = 2_500


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One open alert."""

    severity: str
    glyph: str
    resource: str
    full_name: str
    metric: str
    value: str
    line: str
    since: str
    what: str = ""

    @property
    def in_words(self) -> str:
        """What is wrong: the metric, its value and its line, or what a rule found."""
        return self.what or f"{self.metric} {self.value}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Checked:
    """Something that was looked at without finding anything; the glyph says whether all of it was judged."""

    glyph: str
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """A whole report; a part whose analysis was not made is None and is not shown."""

    kind: str
    fleet: str
    window: str
    verdict: Verdict
    since: str
    notices: Sequence[str]
    tiles: Sequence[Tile]
    actions: Section | None
    fleet_picture: FleetPicture
    alerts: Sequence[AlertRow]
    alerts_sentence: str
    alerts_glyph: str
    unusual: Section | None
    constrained: Section | None
    room: Section | None
    checked: Sequence[Checked]
    outcomes: Sequence[str]
    rows: Sequence[ResourceRow]
    rows_sentence: str
    count: int
    flagged: int
    provenance: Sequence[Column]
    mark: Markup
    situation: Situation
    gpus: GpuSection | None = None
    changes: ChangesView | None = None
    absent: Sequence[Absence] = ()
    absent_sentence: str = ""
    absent_more: int = 0


def view(report: ReportInput, *, document_sha256: str) -> ReportView:
    """The view of a report; `document_sha256` is that of the performance document published beside it."""
    zone = ZoneInfo(report.zone)
    situation = situation_of(report)
    rows = resource_rows.rows(report, situation)
    flagged = sum(row.flagged for row in rows)
    count = len(situation.open)
    strange, constrained = sections.unusual(report, situation, zone), sections.constrained(report, situation)
    checked = _checked(situation, strange, constrained, report.end)
    missing = absences(situation, zone, report.end)
    return ReportView(
        kind=REPORT_KINDS[report.kind].title,
        fleet=report.fleet,
        window=f"{formatting.moment(report.start, zone)} – {formatting.moment(report.end, zone)} {report.zone}",
        verdict=judge(situation, Moment(report.end, zone)),
        since=_since(report, situation),
        notices=notices(report, situation),
        tiles=tiles(report),
        actions=sections.actions(report, situation),
        fleet_picture=fleet_strip.picture(report, situation),
        alerts=_alerts(report, zone),
        alerts_sentence=_alerts_sentence(situation) if count else no_alert_sentence(situation, report.end),
        alerts_glyph=_alerts_glyph(situation),
        unusual=strange,
        constrained=constrained,
        room=sections.room(report),
        checked=checked if len(checked) > 1 else [],
        outcomes=[formatting.visible(text) for text in report.outcomes],
        rows=rows[:MOST_ROWS],
        rows_sentence=f"Flagged first, then by peak. {_open(len(rows))}",
        count=len(rows),
        flagged=flagged,
        provenance=provenance(report, situation, zone, document_sha256=document_sha256),
        mark=MARK,
        gpus=gpu_section(report.gpus, report.failed.get("gpus", "")),
        situation=situation,
        changes=changes_view(report, situation),
        absent=missing[: sections.MOST_ROWS],
        absent_sentence=_absent_sentence(situation),
        absent_more=max(0, len(missing) - sections.MOST_ROWS),
    )


def _alerts_sentence(situation: Situation) -> str:
    count, found = len(situation.open), sum(bool(one.what) for one in situation.open)
    if not found:
        return f"{count:,} open. An alert is a line crossed."
    if found == count:
        return f"{count:,} open, found by rules."
    return f"{count:,} open: {count - found:,} on lines, {found:,} found by rules."


def _open(count: int) -> str:
    if count > MOST_ROWS:
        return f"The first {MOST_ROWS:,} of {count:,}; the JSON documents hold them all."
    return "Open a row for its numbers."


def no_alert_sentence(situation: Situation, end: datetime | None = None) -> str:
    """What is said where no alert is open: nothing of lines that were crossed, or that nothing was read of.

    `end` is that of the window; None: nothing is said of how long a line has been crossed.
    """
    if not situation.read:
        return "Not judged: nothing was read in this window."
    if situation.muted:
        return f"No alert is open but muted ones, of {formatting.plural(len(situation.muted), 'resource')}."
    if situation.over_now:
        return f"No alert is open; {_crossed_briefly(situation, end)}."
    if situation.crossed:
        return "No alert is open."
    if situation.has_no_line:
        return "Not judged: nothing that is read has a load line."
    more = " What is not read is not judged." if situation.counts.not_read else ""
    if situation.without_line:
        count = len(situation.without_line)
        more += f" {formatting.plural(count, 'resource')} {'has' if count == 1 else 'have'} none."
    return f"No load line is crossed.{more}"


def _crossed_briefly(situation: Situation, end: datetime | None) -> str:
    if end is None or len(situation.just_over) != 1:
        return "a line is crossed, not for long enough"
    (one,) = situation.just_over
    return f"{formatting.name(one.name)} is {just_over(one, end)}"


def lines_are_kept(situation: Situation) -> bool:
    """Whether every resource has a line, was read throughout, and crossed none: what may be ticked off."""
    missing = situation.unmeasured or situation.lost or situation.gaps or situation.read < situation.total
    return no_alert_sentence(situation) == "No load line is crossed." and not missing


def _absent_sentence(situation: Situation) -> str:
    """How many are not read, and of how many something is missing."""
    parts = [
        (len({one.id for one in situation.lost}), "lost a metric or a GPU"),
        (len(situation.gaps), "without readings for a while"),
    ]
    counted = ", ".join(part for part in (not_read(situation), in_words(parts)) if part)
    return f"{counted} of {formatting.plural(situation.total, 'resource')}." if counted else ""


def _checked(
    situation: Situation, strange: Section | None, constrained: Section | None, end: datetime
) -> list[Checked]:
    """What was looked at without finding anything, one line for each; with nothing judged there is none."""
    if not situation.judged:
        return []
    sections = [("Unusual", strange), ("Bottlenecks", constrained)]
    looked = [
        Checked(one.glyph, title, one.sentence) for title, one in sections if one and not (one.rows or one.failed)
    ]
    if situation.open:
        return looked
    return [Checked(_alerts_glyph(situation), "Alerts", no_alert_sentence(situation, end)), *looked]


def _alerts_glyph(situation: Situation) -> str:
    return GLYPHS["ok" if lines_are_kept(situation) else "silent"]


def _alerts(report: ReportInput, zone: ZoneInfo) -> list[AlertRow]:
    known = {r.resource_id: r.name for r in report.resources}
    what = {event.alert.alert_id: event.what for event in report.events}
    return [
        AlertRow(
            severity=alert.severity,
            glyph=GLYPHS[alert.severity],
            resource=formatting.name(known.get(alert.resource, alert.resource)),
            full_name=formatting.visible(known.get(alert.resource, alert.resource)),
            metric=formatting.label(alert.metric),
            value=formatting.amount(alert.current_value, alert.metric),
            line=formatting.amount(alert.threshold, alert.metric),
            since=f"{formatting.clock_time(instant(alert.timestamp), zone, day_of=report.end)}, open",
            what=formatting.visible(what.get(alert.alert_id, "")),
        )
        for alert in report.document.alerts
    ]


def _since(report: ReportInput, situation: Situation) -> str:
    """The second line: what changed since the window before, and how many stayed under their lines."""
    counted = counts_sentence(situation)
    before = report.previous.overall.health_score if report.previous else None
    if report.previous is None or before is None:
        known = [one.known_since for one in report.resources if one.known_since is not None]
        earlier = bool(situation.uncovered) or any(one < report.previous_end for one in known)
        why = "Nothing was read in the window before" if earlier else "First report"
        return f"{why}; nothing to compare with{'' if earlier else ' yet'}. In this window: {counted}"
    now = report.document.overall.health_score
    if now is None:
        return f"Since {report.before}: health is not known any more; {counted}"
    change = now - before
    moved = "stayed at" if change == 0 else ("rose to" if change > 0 else "fell to")
    return f"Since {report.before}: health {moved} {now}{f' from {before}' if change else ''}; {counted}"


def counts_sentence(situation: Situation) -> str:
    """What opened and closed, how many crossed or stayed under, how many are not read or not judged."""
    unlined, both = situation.unlined, situation.crossed_unread
    counts = (
        f"{situation.stayed_under:,} of {formatting.plural(situation.total, 'resource')} stayed under "
        f"{'its line' if situation.total == 1 else 'their lines'}; {len(situation.crossed):,} crossed; "
        f"{f'{unlined:,} without a line; ' if unlined else ''}"
        f"{situation.counts.not_read:,} not read at the end{f', {both:,} of which crossed' if both else ''}."
    )
    why = why_not_judged(situation)
    if why:
        counts += f" {situation.judged:,} judged against their own past; {why}."
    alerts = f"{formatting.plural(situation.opened, 'new alert')}, {situation.closed:,} resolved"
    return f"{alerts}. {counts}"
