"""Who is not read, in words: one line for each resource that is silent, unmeasured, lost a metric, or had gaps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from plimsoll.documents.situation import Absent, Situation
from plimsoll.publish import formatting
from plimsoll.publish.theme import GLYPHS
from plimsoll.publish.views.verdict import what_is_lost


@dataclass(frozen=True, slots=True)
class Absence:
    """One resource and what is missing of it; `severity` is that of its open alert, empty where there is none."""

    id: str
    severity: str
    glyph: str
    resource: str
    full_name: str
    text: str


def absences(situation: Situation, zone: ZoneInfo, end: datetime) -> list[Absence]:
    """The worst first."""
    severities = {one.resource: one.severity for one in situation.open if one.is_silence}
    return [
        Absence(
            i,
            severities.get(i, ""),
            GLYPHS[severities.get(i, "silent")],
            formatting.name(n),
            formatting.visible(n),
            text,
        )
        for i, n, text in _lines(situation, zone, end)
    ]


def _lines(situation: Situation, zone: ZoneInfo, end: datetime) -> Iterator[tuple[str, str, str]]:
    def at(one: Absent) -> str:
        return formatting.clock_time(one.since, zone, day_of=end) if one.since else formatting.UNKNOWN

    for one in situation.silent:
        length = formatting.duration(one.length)
        yield one.id, one.name, f"never read; known for {length}" if one.never else f"silent since {at(one)}, {length}"
    for one in situation.unmeasured:
        last = "never read" if one.never else f"last read at {at(one)}, {formatting.duration(one.length)} ago"
        yield one.id, one.name, f"{last}; nothing more was promised"
    for lost in situation.lost:
        since = formatting.clock_time(lost.since, zone, day_of=end)
        yield lost.id, lost.name, f"{what_is_lost(lost)} since {since}"
    for one in situation.gaps:
        yield (
            one.id,
            one.name,
            f"no reading for {formatting.duration(one.length)} in this window, the first time at {at(one)}",
        )
