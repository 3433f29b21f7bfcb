"""Memory that only grows: it will be used up, and says when."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.hourly import LastHour
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent, Share
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
from plimsoll.analysis.robust import Floats, theil_sen

_DAY_H = 24


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
    row = window.whole("memory_utilization_pct")
    if row is None or window.row("memory_utilization_pct") is None:
        return None
    measure = LastHour("memory_utilization_pct", "mean", max(limits.look_hours, limits.least_hours))
    hourly = [mean for mean in measure.levels(window).tolist() if np.isfinite(mean)]
    if len(hourly) < limits.least_hours:
        return None
    rising = _climb(hourly, limits)
    rise, hours = float(hourly[-1] - hourly[-rising]), float(rising)
    slope = _pace(np.array(hourly[-rising:])) if rising >= FEWEST else 0.0
    left = (limits.full_pct - hourly[-1]) / slope if slope > 0 else np.inf
    if hours < limits.least_hours or rise < limits.least_points or left > limits.soon_hours or len(hourly) < FEWEST:
        return None
    if not _even(np.array(hourly[-rising:]), rise, limits):
        return None
    climbed = (hourly[-1] - hourly[-rising]) / slope if slope > 0 else hours
    when = f"used up in {max(left, 0):.0f} h" if left > 0 else "used up now"
    return Bottleneck(
        description=f"memory grew by {rise:.0f} points in {min(climbed, hours):.0f} h and never fell back; {when} at "
        "this pace",
        impact="requests fail when the process is ended for want of memory",
        weight=80 + 15 * (1 - min(1.0, max(left, 0.0) / limits.soon_hours)),
        metric="memory_utilization_pct",
        observed=measure.value(window),
        threshold=limits.full_pct,
        share=1.0,
        samples=int(hours * window.rows_per_hour),
        measure=measure,
    )


def _even(climb: Floats, rise: float, limits: MemoryLeakLimits) -> bool:
    """Whether it is a climb and no jump: no hour has two fifths of it, and the last quarter of it has its part.

    What stands at the top cannot climb any more.
    """
    last = float(climb[-1] - climb[-max(2, len(climb) // 4)])
    return float(np.diff(climb).max()) <= limits.jump * rise and (
        last >= limits.still * rise or climb[-1] >= limits.full_pct - 1
    )


def _pace(climb: Floats) -> float:
    """Points an hour now: Theil-Sen over the last day of the climb; what lies flat before it does not count.

    >>> round(_pace(np.concatenate([np.full(20, 52.0), 52.0 + 0.7 * np.arange(1, 53)])), 2)
    0.7
    """
    return float(theil_sen(climb[None, -_DAY_H:])[0])


def _climb(hourly: list[float], limits: MemoryLeakLimits) -> int:
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
    reads=("memory_utilization_pct",),
    find=find,
    limits=MemoryLeakLimits(),
    use=Place("memory", "utilization"),
    min_weight=80.0,
    remediation="Restart it before memory ends, and find what keeps the memory.",
    explains=frozenset({"memory_pressure", "swapping"}),
    history=lambda limits: History(limits.least_hours, max(limits.look_hours, limits.least_hours)),
)
