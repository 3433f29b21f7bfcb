"""A line of cron: minute, hour, day of month, month, day of week, in a zone's local time. Pure.

As in the field: `*`, `5`, `1-5`, `*/15`, `1-30/2`, lists, names of months and weekdays; Sunday is 0 or 7; where both
days are restricted, either is enough. Unlike in the field: a time that the clocks skip runs once, right after the gap,
and one that comes twice runs once.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from plimsoll.errors import UsageError, shown
from plimsoll.local_time import first_instant, local_day

_DAY = timedelta(days=1)
_LONGEST_WAIT_DAYS = 8 * 366 + 31  # 29 February around a century that has none
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_WEEKDAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _WEEKDAYS),
)
_PART = re.compile(r"(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>[1-9]\d*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cron:
    """The local minutes at which a line of cron comes."""

    minutes: frozenset[int]
    hours: frozenset[int]
    month_days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def parse(cls, fields: Sequence[str]) -> "Cron":
        """Five fields; a mistake is named with its field.

        >>> sorted(Cron.parse("*/20 7 * * mon-fri".split()).minutes)
        [0, 20, 40]
        """
        if len(fields) != len(_FIELDS):
            raise UsageError(f"cron has 5 fields, minute hour day month weekday; here are {len(fields)}")
        sets = [_values(text, *field) for text, field in zip(fields, _FIELDS, strict=True)]
        weekdays = frozenset(day % 7 for day in sets[4])
        either = not fields[2].startswith("*") and not fields[4].startswith("*")
        cron = cls(sets[0], sets[1], sets[2], sets[3], weekdays, either)
        if next(cron._days(date(2000, 1, 1), date(2009, 1, 1)), None) is None:
            raise UsageError("no date is ever like that")
        return cron

    def between(self, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The UTC instants in (after, until] at which the line comes."""
        last = after
        for day in self._days(local_day(after - _DAY, zone), local_day(until, zone)):
            times = _times(self, day, zone)
            for at in times[bisect_right(times, last) : bisect_right(times, until)]:
                yield at
                last = at

    def last(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """The last instant, not after `at`, at which the line came."""
        day = local_day(at, zone)
        for _ in range(_LONGEST_WAIT_DAYS):
            times = _times(self, day, zone) if self._has(day) else ()
            if count := bisect_right(times, at):
                return times[count - 1]
            day -= _DAY
        return None

    def _days(self, first: date, last: date) -> Iterator[date]:
        while first <= last:
            if self._has(first):
                yield first
            first += _DAY

    def _has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.month_days, day.isoweekday() % 7 in self.weekdays
        return (by_month or by_week) if self.either_day else (by_month and by_week)


@lru_cache(maxsize=256)
def _times(cron: Cron, day: date, zone: ZoneInfo) -> Sequence[datetime]:
    """The instants of a local day at which a line comes, in order; the same ones are asked for at every look."""
    local = [datetime.combine(day, time(h, m)) for h in sorted(cron.hours) for m in sorted(cron.minutes)]
    first, last = (datetime.combine(on, time(), zone) for on in (day, day + _DAY))
    if (offset := first.utcoffset()) is not None and offset == last.utcoffset() == _noon(day, zone).utcoffset():
        return [(at - offset).replace(tzinfo=UTC) for at in local]
    return sorted({first_instant(at, zone) for at in local})


def _noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(12), zone)


def _values(text: str, name: str, lowest: int, highest: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise UsageError(f'{name} "{shown(part)}" is not a number, a range or a step')
        low = _number(match["low"], name, names) if match["low"] else lowest
        high = _number(match["high"], name, names) if match["high"] else low if match["low"] else highest
        if match["low"] and match["step"] and not match["high"]:
            high = highest
        if not lowest <= low <= high <= highest:
            raise UsageError(f'{name} "{shown(part)}" is outside {lowest} to {highest}')
        found.update(range(low, high + 1, int(match["step"] or 1)))
    return frozenset(found)


def _number(text: str, name: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not text.isdigit():
        raise UsageError(f'{name} "{shown(text)}" is not known')
    return int(text)
