"""Notices right under the verdict: what is missing from this report, what changed in it, what was never read."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from plimsoll.documents.report_kinds import REPORT_KINDS
from plimsoll.documents.situation import ENOUGH_PCT, Situation
from plimsoll.fleet.known_when import announced
from plimsoll.fleet.resources import Resource
from plimsoll.publish import formatting
from plimsoll.publish.views.report_input import Made, ReportInput

_MOST_NAMES = 4
_MOST_UNDELIVERED = 3
_MOST_FAILED = 3


def notices(report: ReportInput, situation: Situation) -> list[str]:
    """One sentence for each thing that a reader must know before the numbers."""
    return [
        *_missing(situation),
        *of_making(report.made, report.kind, ZoneInfo(report.zone), report.resources),
        *_still_to_come(report),
    ]


def _still_to_come(report: ReportInput) -> list[str]:
    """When a young project will know what; nothing where it has all the history that it needs."""
    if report.first_reading is None or report.first_reading >= report.end or report.is_filtered:
        return []
    coming = announced(report.first_reading, report.end, ZoneInfo(report.zone))
    return [f"Not known yet, for want of history: {coming}."] if coming else []


def of_making(made: Made, kind: str, zone: ZoneInfo, resources: Sequence[Resource] = ()) -> list[str]:
    """What there is to say about this publication and the ones before it."""
    about = REPORT_KINDS[kind]
    lines = [
        f"No {about.title.lower()} covers {formatting.span(one.start, one.end, zone)}: {formatting.visible(one.why)}; "
        f"for one of them: plimsoll run {about.job} --as-of INSTANT."
        for one in made.uncovered
    ]
    if made.revision.replaces:
        names = {one.resource_id: one.name for one in resources}
        moved = [formatting.name(names.get(one, one)) for one in made.revision.changed]
        whose = f" The numbers of {_some(moved)} changed." if moved else ""
        lines.append(f"Revision {made.revision.number}: the data changed after this window was first reported.{whose}")
    lines += [formatting.visible(text) for text in made.undelivered[:_MOST_UNDELIVERED]]
    more = len(made.undelivered) - _MOST_UNDELIVERED
    return [*lines, f"{more} more were not delivered; plimsoll outbox lists them."] if more > 0 else lines


def _missing(situation: Situation) -> list[str]:
    """The readings that did not arrive, and whose; undeclared names that are not seen any more."""
    lines: list[str] = []
    if situation.total and situation.coverage_pct is not None and situation.coverage_pct < ENOUGH_PCT:
        who = f" Silent: {_some([formatting.name(one.name) for one in situation.silent])}." if situation.silent else ""
        share = formatting.number(situation.coverage_pct)
        lines.append(f"Only {share}{formatting.NARROW}% of the readings that were due arrived.{who}")
    if situation.aged_out:
        count = formatting.plural(situation.aged_out, "name")
        have = "has" if situation.aged_out == 1 else "have"
        lines.append(f"{count} that only labels gave {have} not been seen for longer than [silence] unseen.")
    lines += [formatting.visible(text) for text in situation.failed_jobs[:_MOST_FAILED]]
    more = len(situation.failed_jobs) - _MOST_FAILED
    return (
        [*lines, f"{formatting.plural(more, 'more run')} of jobs failed; plimsoll status lists them."]
        if more > 0
        else lines
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"
