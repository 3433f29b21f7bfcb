"""From findings to what is reported: incidents, how rare each is, and which are beyond the number asked for.

The number is for incidents that began in the window and have ended. An open one is never cut, nor what began before
the window (it was in an earlier report); three a day are always reported. Silence takes no place: coverage and alerts
tell of it.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from plimsoll.analysis.anomalies.contract import Finding
from plimsoll.analysis.incidents.causes import ranked
from plimsoll.analysis.incidents.contract import Incident, Place, strength
from plimsoll.analysis.incidents.grouping import grouped

_DAY_S: Final = 86_400.0
_WEEK_S: Final = 604_800.0
ALWAYS_A_DAY: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """The window, since when findings were looked for, and how many incidents are wanted a resource and week."""

    start: datetime
    end: datetime
    since: datetime
    resources: int
    most_per_resource_week: float

    @property
    def allowed(self) -> int:
        """How many incidents that began and ended in the window are reported."""
        seconds = max((self.end - self.start).total_seconds(), 0.0)
        weeks = self.resources * seconds / _WEEK_S
        wished = self.most_per_resource_week * weeks if weeks else 0.0
        always = ALWAYS_A_DAY * max(1, math.ceil(seconds / _DAY_S))
        return max(always, math.floor(min(wished, 1e9)))


def incidents(found: Sequence[Finding], places: Mapping[str, Place], asked: Asked) -> list[Incident]:
    """The incidents of the window, those to be reported first: the open ones, then the rarest."""
    groups = grouped(found, places, since=asked.since, until=asked.end)
    every = [_incident(members, tie, places) for members, tie in groups]
    earlier = _Past([one for one in every if one.start < asked.start], asked)
    shown = [one for one in every if one.end is None or one.end > asked.start]
    rated = sorted((replace(one, times_a_day=earlier.times_a_day(one)) for one in shown), key=_order)
    chosen: list[Incident] = []
    places_left = asked.allowed
    for one in rated:
        counts = one.end is not None and one.start >= asked.start and not one.is_silence
        chosen.append(replace(one, reported=places_left > 0) if counts else one)
        places_left -= counts
    return sorted(chosen, key=lambda one: not one.reported)


def _order(one: Incident) -> tuple[bool, float, bool, int, float, str]:
    rare = one.times_a_day if one.times_a_day is not None else math.inf
    strongest = strength(one.strongest)
    return one.end is not None, rare, one.severity != "high", -len(one.resources), -strongest, one.id


def _incident(members: Sequence[Finding], tie: str, places: Mapping[str, Place]) -> Incident:
    causes = ranked(members, places)
    order = {cause.resource_id: n for n, cause in enumerate(causes)}
    placed = sorted(
        members, key=lambda one: (order.get(one.resource_id, len(order)), one.start, -strength(one), one.id)
    )
    ends = [one.end for one in members if one.end is not None]
    return Incident(
        members=placed,
        start=min(one.start for one in members),
        end=max(ends) if len(ends) == len(members) else None,
        severity="high" if any(one.severity == "high" for one in members) else "medium",
        causes=causes,
        tie=tie if len(members) > 1 else "",
        resources=list(dict.fromkeys(one.resource_id for one in placed)),
    )


class _Past:
    """The incidents of the days before the window: what they were like is what is usual here."""

    def __init__(self, before: Sequence[Incident], asked: Asked) -> None:
        self._days = max((asked.start - asked.since).total_seconds() / _DAY_S, 0.0)
        strong: dict[str, list[float]] = {}
        for one in before:
            for detector, size in _sizes(one).items():
                strong.setdefault(detector, []).append(size)
        self._strong = {detector: sorted(sizes) for detector, sizes in strong.items()}
        self._wide = sorted(len(one.resources) for one in before)

    def times_a_day(self, one: Incident) -> float:
        """How often a day something of the same detector was as strong, or anything as wide: the rarer of both."""
        rates = [_at_least(self._strong.get(detector, []), size) for detector, size in _sizes(one).items()]
        if len(one.resources) > 1:
            rates.append(_at_least(self._wide, len(one.resources)))
        return round((1 + min(rates)) / (1 + self._days), 6)


def _sizes(one: Incident) -> dict[str, float]:
    """The strongest member by detector."""
    found: dict[str, float] = {}
    for member in one.members:
        found[member.detector] = max(strength(member), found.get(member.detector, 0.0))
    return found


def _at_least(ordered: Sequence[float], size: float) -> int:
    return len(ordered) - bisect_left(ordered, size)
