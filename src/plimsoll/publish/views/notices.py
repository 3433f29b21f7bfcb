"""Notices right under the verdict: what is missing from this report, what changed in it, what was never read."""

from collections.abc import Sequence

from plimsoll.fleet.resources import Resource
from plimsoll.publish import formatting
from plimsoll.publish.views.report_input import Made, ReportInput
from plimsoll.publish.views.verdict import Situation

_MOST_NAMES = 4
_MOST_UNDELIVERED = 3
_ENOUGH_PCT = 95.0


def notices(report: ReportInput, situation: Situation) -> list[str]:
    """One sentence for each thing that a reader must know before the numbers."""
    return [*_missing(report, situation), *of_making(report.made, report.resources)]


def of_making(made: Made, resources: Sequence[Resource] = ()) -> list[str]:
    """What there is to say about this publication and the ones before it."""
    told: list[str] = []
    if made.revision.replaces:
        names = {one.resource_id: one.name for one in resources}
        moved = [formatting.name(names.get(one, one)) for one in made.revision.changed]
        whose = f" The numbers of {_some(moved)} changed." if moved else ""
        told.append(f"Revision {made.revision.number}: the data changed after this window was first reported.{whose}")
    told += [formatting.visible(text) for text in made.undelivered[:_MOST_UNDELIVERED]]
    more = len(made.undelivered) - _MOST_UNDELIVERED
    return [*told, f"{more} more were not delivered; plimsoll outbox lists them."] if more > 0 else told


def _missing(report: ReportInput, situation: Situation) -> list[str]:
    """The readings that did not arrive, and whose."""
    if not report.resources or situation.coverage_pct is None or situation.coverage_pct >= _ENOUGH_PCT:
        return []
    names = {r.resource_id: formatting.name(r.name) for r in report.resources}
    who = f" Silent: {_some([names[one] for one in situation.silent])}." if situation.silent else ""
    return [f"Only {formatting.percent(situation.coverage_pct)} of the readings that were due arrived.{who}"]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"
