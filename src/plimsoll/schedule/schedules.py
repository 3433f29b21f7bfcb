"""Schedules: what a job's `schedule` text means, as windows with the instant at which each is due. Pure.

| text                  | window                                       | due                                |
|-----------------------|----------------------------------------------|------------------------------------|
| `every 30s`           | 30 seconds, counted from the epoch           | at its end; a missed one is gone   |
| `every collect.every` | the same, as long as that setting says       |                                    |
| `after 30 collect.every` | since the time before                     | each 1 to 15 minutes, as 30 of it fit |
| `hourly`, `hourly :05`| one hour of the zone's clocks                | at its end, or 5 minutes later     |
| `daily 07:00`         | since 07:00 of the day before                | at 07:00                           |
| `mon 06:00`           | since 06:00 of the Monday before             | Monday 06:00                       |
| `monthly 06:00`       | since the 1st of the month before            | on the 1st, 06:00                  |
| `cron 0 7 * * mon-fri`| since the time before                        | at the time                        |

A window of days, weeks or months is from one due instant to the next in the zone, whatever its length: 23, 24 or 25
hours for a day. So consecutive windows cover every instant exactly once.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from plimsoll.clock import duration_s, floor
from plimsoll.errors import BadParameter, UsageError
from plimsoll.local_time import exists, first_instant, hours_of, local_day
from plimsoll.schedule.cron import Cron

_DAY = timedelta(days=1)
_FEW_DAYS, _LONGEST = timedelta(days=3), timedelta(days=64)
"""Back to the due instant before, over a day that the zone left out: of days; of weeks and months."""
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"
_ALLOWED = ("every 30s", "hourly", "hourly :05", "daily 07:00", "mon 06:00", "monthly 06:00", "cron 0 7 * * mon-fri")
_MIN_STEP_S, _MAX_STEP_S = 1.0, 86_400.0


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A window [start, end) and the instant from which its run is due; all UTC."""

    start: datetime
    end: datetime
    due: datetime


class Schedule(Protocol):
    """When a job's windows are due."""

    @property
    def catches_up(self) -> bool:
        """Whether a window that was missed is made later; a reading of the past cannot be."""
        ...

    def between(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
        """The windows that become due in (after, until], oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """A fixed step; of several missed windows only the last is due."""

    step_s: float
    catches_up: bool = False

    def between(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Due]:  # noqa: ARG002
        """The last window that became due."""
        end = floor(until, self.step_s)
        if end > after:
            yield Due(end - timedelta(seconds=self.step_s), end, end)


@dataclass(frozen=True, slots=True)
class Hourly:
    """Each hour of the zone's clocks, `minute` minutes after its end."""

    minute: int = 0
    catches_up: bool = True

    def between(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
        """The hours that became due."""
        for day in _days(after - _DAY, until, zone):
            marks = hours_of(day, zone)
            for start, end in pairwise(marks):
                due = end + timedelta(minutes=self.minute)
                if after < due <= until:
                    yield Due(start, end, due)


@dataclass(frozen=True, slots=True)
class Daily:
    """From one local time to the same time of the next day."""

    at: time
    catches_up: bool = True

    def between(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
        """The days that became due."""
        yield from _due_to_due(after, until, zone, self.at, lambda _: True, back=_FEW_DAYS)


@dataclass(frozen=True, slots=True)
class Weekly:
    """From a local time of a weekday (0 is Monday) to the same of the next week."""

    weekday: int
    at: time
    catches_up: bool = True

    def between(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
        """The weeks that became due."""
        yield from _due_to_due(after, until, zone, self.at, lambda day: day.weekday() == self.weekday)


@dataclass(frozen=True, slots=True)
class Monthly:
    """From a local time of the first of a month to the same of the next."""

    at: time
    catches_up: bool = True

    def between(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
        """The months that became due."""
        yield from _due_to_due(after, until, zone, self.at, lambda day: day.day == 1)


@dataclass(frozen=True, slots=True)
class ByCron:
    """A line of cron in the zone's local time; a window is the time since the one before."""

    cron: Cron
    catches_up: bool = True

    def between(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
        """The times that have come."""
        start = self.cron.last(after, zone)
        for due in self.cron.between(after, until, zone):
            if start is not None:
                yield Due(start, due, due)
            start = due


def parse(text: str) -> Schedule:
    """The schedule that a text means.

    >>> parse("mon 06:00")
    Weekly(weekday=0, at=datetime.time(6, 0), catches_up=True)
    """
    words = text.split()
    try:
        return _parsed(words)
    except UsageError as error:
        raise BadParameter("schedule", text, allowed=_ALLOWED, why=f"is not a schedule ({error})") from error


def _parsed(words: list[str]) -> Schedule:
    schedule: Schedule
    match words:
        case ["every", step]:
            schedule = Every(_step(step))
        case ["hourly"]:
            schedule = Hourly()
        case ["hourly", minute] if re.fullmatch(r":[0-5]\d", minute, re.ASCII):
            schedule = Hourly(int(minute[1:]))
        case ["daily", at]:
            schedule = Daily(_time(at))
        case ["monthly", at]:
            schedule = Monthly(_time(at))
        case ["cron", *fields]:
            schedule = ByCron(Cron.parse(fields))
        case [weekday, at] if weekday in _WEEKDAYS:
            schedule = Weekly(_WEEKDAYS.index(weekday), _time(at))
        case _:
            raise UsageError("its form is unknown")
    return schedule


def _step(text: str) -> float:
    step = duration_s(text, name="step")
    if not _MIN_STEP_S <= step <= _MAX_STEP_S:
        raise UsageError("a step is 1s to 1d")
    return step


def _time(text: str) -> time:
    match = re.fullmatch(_TIME, text, re.ASCII)
    if match is None:
        raise UsageError("a time is 00:00 to 23:59")
    return time(int(match["hour"]), int(match["minute"]))


def _days(after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[date]:
    day, last = local_day(after.astimezone(UTC), zone), local_day(until, zone)
    while day <= last:
        yield day
        day += _DAY


def _due_to_due(
    after: datetime,
    until: datetime,
    zone: ZoneInfo,
    at: time,
    comes: Callable[[date], bool],
    back: timedelta = _LONGEST,
) -> Iterator[Due]:
    """Windows between the local times of the days that come; a day that the zone left out has none."""
    start: datetime | None = None
    for day in _days(after - back, until, zone):
        if not comes(day) or not exists(day, zone):
            continue
        due = first_instant(datetime.combine(day, at), zone)
        if start is not None and after < due <= until:
            yield Due(start, due, due)
        start = due
