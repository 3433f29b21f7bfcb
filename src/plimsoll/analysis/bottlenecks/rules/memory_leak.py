"""Memory that only grows: it will be used up, and says when."""

from dataclasses import replace

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.hourly import LastHour
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent, Share
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
from plimsoll.analysis.climb import Climb, onset, straight
from plimsoll.analysis.robust import Floats
from plimsoll.documents.time_left import words

_DAY_H = 24
_METRIC = "memory_utilization_pct"


class MemoryLeakLimits(Limits):
    """The limits of `memory_leak`."""

    least_hours: Hours = Field(default=12.0, description="climbs for at least so long")
    least_points: Percent = Field(default=10.0, description="by at least so many points")
    full_pct: Percent = Field(default=98.0, description="memory counts as used up here")
    soon_hours: Hours = Field(default=96.0, description="used up within so long")
    upward: Share = Field(default=0.7, description="share of the hours that go up")
    look_hours: Hours = Field(default=72.0, description="looks back so far")
    jump: Share = Field(default=0.4, description="no hour has more than this share of the climb")
    still: Share = Field(default=0.1, description="the last quarter has at least this share of the climb")


def find(window: ResourceWindow, limits: MemoryLeakLimits) -> Bottleneck | None:
    """Hourly means that climb, the last quarter of them still."""
    if window.row(_METRIC) is None:
        return None
    found = climb(window, limits) if window.climbs is None else window.climbs.get(_METRIC)
    if found is None:
        return None
    left = found.time_left(now=window.last.get(_METRIC))
    hours = left.until_full.hours
    measure = _measure(limits)
    return Bottleneck(
        description=f"memory grew by {found.risen:.0f} points in {found.hours:.0f} h to {left.now:.0f} % and never "
        f"fell back; used up {f'in {words(hours)}' if hours > 0 else 'now'} at this pace",
        impact="requests fail when the process is ended for want of memory",
        weight=80 + 15 * (1 - min(1.0, hours / limits.soon_hours)),
        metric=_METRIC,
        observed=measure.value(window),
        threshold=limits.full_pct,
        share=1.0,
        samples=int(found.hours * window.rows_per_hour),
        measure=measure,
        time_left=left,
        hours=found.hours,
    )


def climb(window: ResourceWindow, limits: MemoryLeakLimits) -> Climb | None:
    """The forecast of a leak: its pace over the last day of the rise; what lies flat before it is no rise."""
    if window.whole(_METRIC) is None:
        return None
    hourly = [mean for mean in _measure(limits).levels(window).tolist() if np.isfinite(mean)]
    if len(hourly) < max(limits.least_hours, FEWEST) or max(hourly) - min(hourly) < limits.least_points:
        return None
    hours = _rising(hourly, limits)
    rising = np.array(hourly[-hours:])
    risen = float(rising[-1] - rising[0])
    if hours < max(limits.least_hours, FEWEST) or risen < limits.least_points or not _even(rising, risen, limits):
        return None
    lately = min(_DAY_H, hours - onset(rising))
    found = straight(rising, full_pct=limits.full_pct, lately=lately, hours=float(hours), risen=risen)
    if found.pace <= 0 or found.left(limits.full_pct).hours > limits.soon_hours:
        return None
    return replace(found, hours=min(found.hours, risen / found.pace))


def _measure(limits: MemoryLeakLimits) -> LastHour:
    return LastHour(_METRIC, "mean", max(limits.look_hours, limits.least_hours))


def _even(climb: Floats, rise: float, limits: MemoryLeakLimits) -> bool:
    """Whether it is a climb and no jump: no hour has two fifths of it, and the last quarter of it has its part.

    What stands at the top cannot climb any more.
    """
    last = float(climb[-1] - climb[-max(2, len(climb) // 4)])
    return float(np.diff(climb).max()) <= limits.jump * rise and (
        last >= limits.still * rise or climb[-1] >= limits.full_pct - 1
    )


def _rising(hourly: list[float], limits: MemoryLeakLimits) -> int:
    """How many hours back the climb goes: seven in ten steps up, never more than two points below its height."""
    highest, best = hourly[-1], 1
    ups = 0
    for back in range(1, len(hourly)):
        ups += hourly[-back] > hourly[-back - 1]
        highest = min(highest, hourly[-back])
        if hourly[-back - 1] > highest + 2.0:
            break
        if ups / back >= limits.upward:
            best = back + 1
    return best


RULE = Rule(
    name="memory_leak",
    component="memory",
    summary="Memory that only grows: it will be used up, and says when",
    reads=(_METRIC,),
    find=find,
    limits=MemoryLeakLimits(),
    climb=climb,
    use=Place("memory", "utilization"),
    min_weight=80.0,
    remediation="Restart it before memory ends, and find what keeps the memory.",
    explains=frozenset({"memory_pressure", "swapping"}),
    history=lambda limits: History(limits.least_hours, max(limits.look_hours, limits.least_hours)),
)
