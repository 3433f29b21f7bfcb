"""Memory that only grows: it will be used up, and says when."""

import numpy as np

from plimsoll.analysis.optimization.case import FEWEST, Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.hourly import LastHour
from plimsoll.analysis.robust import Floats

LEAST_HOURS, LEAST_POINTS = 12.0, 10.0
FULL_PCT = 98.0
SOON_HOURS = 96.0
UPWARD = 0.7
LOOK_HOURS = 72.0
JUMP, STILL = 0.4, 0.1


def find(case: Case) -> Found | None:
    """Hourly means that climb, the last quarter of them still."""
    row = case.whole("memory_utilization_pct")
    if row is None or case.window("memory_utilization_pct") is None:
        return None
    seen = LastHour("memory_utilization_pct", "mean", LOOK_HOURS)
    hourly = [mean for mean in seen.levels(case).tolist() if np.isfinite(mean)]
    if len(hourly) < LEAST_HOURS:
        return None
    rising = _climb(hourly)
    rise, hours = float(hourly[-1] - hourly[-rising]), float(rising)
    slope = rise / hours if hours else 0.0
    left = (FULL_PCT - hourly[-1]) / slope if slope > 0 else np.inf
    if hours < LEAST_HOURS or rise < LEAST_POINTS or left > SOON_HOURS or len(hourly) < FEWEST:
        return None
    if not _even(np.array(hourly[-rising:]), rise):
        return None
    when = f"used up in {max(left, 0):.0f} h" if left > 0 else "used up now"
    return Found(
        rule=RULE.name,
        component="memory",
        description=f"memory grew by {rise:.0f} points in {hours:.0f} h and never fell back; {when} at this pace",
        impact="requests fail when the process is ended for want of memory",
        weight=80 + 15 * (1 - min(1.0, max(left, 0.0) / SOON_HOURS)),
        metric="memory_utilization_pct",
        observed=seen.value(case),
        threshold=FULL_PCT,
        share=1.0,
        samples=int(hours * case.rows_per_hour),
        seen=seen,
    )


def _even(climb: Floats, rise: float) -> bool:
    """Whether it is a climb and no jump: no hour has two fifths of it, and the last quarter of it has its part.

    What stands at the top cannot climb any more.
    """
    last = float(climb[-1] - climb[-max(2, len(climb) // 4)])
    return float(np.diff(climb).max()) <= JUMP * rise and (last >= STILL * rise or climb[-1] >= FULL_PCT - 1)


def _climb(hourly: list[float]) -> int:
    """How many hours back the climb goes: seven in ten steps up, never more than two points below its height."""
    highest, best = hourly[-1], 1
    ups = 0
    for back in range(1, len(hourly)):
        ups += hourly[-back] > hourly[-back - 1]
        highest = min(highest, hourly[-back])
        if hourly[-back - 1] > highest + 2.0:
            break
        if ups / back >= UPWARD:
            best = back + 1
    return best


RULE = Rule(
    "memory_leak",
    "memory",
    ("memory_utilization_pct",),
    find,
    explains=frozenset({"memory_pressure", "swapping"}),
    history_h=LEAST_HOURS,
)
