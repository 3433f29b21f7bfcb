"""When a path reaches its line, in what state that leaves it, and by when to decide."""

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from plimsoll.analysis.capacity.outlook import Ahead
from plimsoll.analysis.forecasts.outlook import TOO_SHORT
from plimsoll.analysis.robust import Floats
from plimsoll.documents.capacity import Crossing, DecideBy, State
from plimsoll.documents.time_left import Left


@dataclass(frozen=True, slots=True)
class Days:
    """Days until the line: early (upper edge), middle (path), late (lower edge); None: not within the horizon.

    `hours` is the same of a climb, which is known more closely than to the day.
    """

    early: int | None
    middle: int | None
    late: int | None
    hours: Left | None = None


def first_over(values: Floats, line: float, *, from_day: int = 1) -> int | None:
    """The first day (1 is tomorrow) from `from_day` on with a value at or over the line.

    >>> first_over(np.array([80.0, 91.0, 85.0, 95.0]), 90.0), first_over(np.array([80.0]), 90.0)
    (2, None)
    """
    over = np.flatnonzero(values[from_day - 1 :] >= line)
    return int(over[0]) + from_day if len(over) else None


def days_to(ahead: Ahead, line: float) -> Days:
    """The three crossings of a forecast."""
    hours = ahead.climb.left(line) if ahead.climb else None
    return Days(first_over(ahead.high, line), first_over(ahead.path, line), first_over(ahead.low, line), hours)


def state_of(ahead: Ahead, line: float, *, factor: float = 1.0) -> State:
    """What is to be said about the line. `factor` is the what-if's: what is measured now, times it."""
    if ahead.now is None:
        return "no data"
    if ahead.now * factor >= line:
        return "over now"
    if ahead.withheld is not None:
        return "not enough history" if ahead.withheld == TOO_SHORT else "too irregular"
    if first_over(ahead.path, line) is not None:
        return "crosses"
    if ahead.growth_per_day is not None and ahead.growth_per_day < 0:
        return "falling"
    return "not within the horizon"


def crossing(days: Days, today: date) -> Crossing:
    """The crossings as dates."""

    def at(day: int | None) -> str | None:
        return None if day is None else (today + timedelta(days=day)).isoformat()

    return Crossing(
        early=at(days.early),
        middle=at(days.middle),
        late=at(days.late),
        early_days=days.early,
        middle_days=days.middle,
        late_days=days.late,
        hours=days.hours,
    )


def decide_by(days: Days, today: date, *, delivery_days: float, review_days: float) -> DecideBy:
    """Early crossing less delivery less one review interval; in whole days, the earlier one."""
    left = math.floor((days.early or 0) - delivery_days - review_days)
    return DecideBy(
        date=(today + timedelta(days=left)).isoformat(),
        days=left,
        late=left < 0,
        delivery_days=delivery_days,
        review_days=review_days,
    )
