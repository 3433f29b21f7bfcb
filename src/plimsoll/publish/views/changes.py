"""What is new, gone and worse since the last report that was delivered: a line each, for page, mail and evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.clock import rfc3339
from plimsoll.documents import Evidence
from plimsoll.documents.changes import Changes, Item, changes
from plimsoll.documents.evidence import ChangesDetail
from plimsoll.documents.situation import Situation
from plimsoll.publish import formatting
from plimsoll.publish.views.report_input import Earlier, ReportInput
from plimsoll.publish.views.situation import plain

MOST: Final = 40
_GLYPHS: Final = {"new": "▲", "worse": "▲", "gone": "▼"}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change: `new`, `worse` or `gone`, of which resource, and what."""

    change: str
    glyph: str
    resource: str
    what: str


@dataclass(frozen=True, slots=True)
class ChangesView:
    """The rows, the sentence that counts them all, and how many are beyond what a page shows."""

    rows: Sequence[ChangeRow]
    sentence: str
    more: int


def changes_of(report: ReportInput, situation: Situation) -> Changes | None:
    """What changed since the earlier report; None without one."""
    if report.earlier is None:
        return None
    days = (report.end - report.earlier.end).total_seconds() / 86_400
    return changes(report.earlier.situation, plain(situation), days=days)


def changes_view(report: ReportInput, situation: Situation) -> ChangesView | None:
    """The changes as rows, the new ones first; None without an earlier report."""
    found, zone = changes_of(report, situation), ZoneInfo(report.zone)
    if found is None or report.earlier is None:
        return None
    rows = [_row("new", one, what(one)) for one in found.new]
    rows += [_row("worse", one.now, f"{what(one.now)} (was: {what(one.before)})") for one in found.worse]
    rows += [_row("gone", one, what(one)) for one in found.gone]
    return ChangesView(rows[:MOST], _sentence(found, report.earlier, zone), max(0, len(rows) - MOST))


def _sentence(found: Changes, earlier: Earlier, zone: ZoneInfo) -> str:
    """Since which report, and how many are new, worse and gone."""
    which = "the report that was delivered last" if earlier.was_delivered else "the report before"
    since = f"Since {which} ({formatting.moment(earlier.end, zone)})"
    if not found:
        return f"{since} nothing is new, worse or gone."
    return f"{since}: {len(found.new):,} new, {len(found.worse):,} worse, {len(found.gone):,} gone."


def _row(change: str, one: Item, text: str) -> ChangeRow:
    return ChangeRow(change, _GLYPHS[change], formatting.name(one.name), text)


def what(one: Item) -> str:
    """A thing in words, without the resource's name."""
    detail = one.detail
    if one.kind == "alert":
        text = formatting.visible(detail.get("what") or "") or f"over its {_label(detail['metric'])} line"
        return f"{detail['severity']} alert: {text}"
    if one.kind == "incident":
        return f"unlike its past ({detail['severity']})"
    if one.kind == "crossing":
        when = detail.get("when") or formatting.plural(int(detail["days"]), "day")
        return f"{_label(detail['metric'])} {f'reaches its line in {when}' if detail['days'] else 'over its line'}"
    if one.kind == "advice":
        return f"urgent advice: {formatting.visible(detail['title'])}"
    if one.kind == "lost":
        return f"no {_label(detail['metric'])} any more" if detail["metric"] else "GPUs that are not read any more"
    return "silent"


def _label(metric: str) -> str:
    return formatting.label(metric) if formatting.known(metric) else formatting.visible(metric)


def evidence_of_changes(report: ReportInput, situation: Situation) -> list[Evidence]:
    """The same as a document: the ids behind each number."""
    found = changes_of(report, situation)
    if found is None or report.earlier is None:
        return []
    detail = ChangesDetail(
        since=rfc3339(report.earlier.end),
        was_delivered=report.earlier.was_delivered,
        new=[_key(one) for one in found.new],
        worse=[_key(one.now) for one in found.worse],
        gone=[_key(one) for one in found.gone],
    )
    return [
        Evidence(
            subject="changes",
            rule="the situation of this report against that of the earlier one",
            window=report.document.time_range,
            observed=float(len(found.new) + len(found.worse) + len(found.gone)),
            threshold=None,
            unit="changes",
            samples=situation.read,
            detail=detail,
        )
    ]


def _key(one: Item) -> str:
    return f"{one.kind} {one.id}"
