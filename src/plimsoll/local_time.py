"""Local times of a zone as UTC instants, through every change of its clocks. Pure.

A local time that does not exist (the clocks were put forward over it) is the first instant after the gap; one that
exists twice is the first of the two. So each local day is one half-open interval of 23, 24 or 25 hours (or 23.5 and
24.5 on Lord Howe Island), the days follow on one another without a gap, and so do the hours of a day.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=4096)  # the scheduler asks for the same ones at every look
def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The first UTC instant at which the zone's clocks show `local` (a naive time), or have passed it.

    >>> first_instant(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()  # 02:30 does not exist
    '2026-03-29T01:00:00+00:00'
    >>> first_instant(datetime(2026, 10, 25, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()  # 02:30 comes twice
    '2026-10-25T00:30:00+00:00'
    """
    earlier = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _shows(earlier, local, zone):
        return earlier
    return _end_of_gap(local.replace(tzinfo=zone, fold=1).astimezone(UTC), earlier, zone)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day: midnight, or later where the clocks were put forward over midnight."""
    return first_instant(datetime.combine(day, time()), zone)


def hours_of(day: date, zone: ZoneInfo) -> list[datetime]:
    """The instants at which the clocks show a full hour of the day, and the end of the day: n hours, n + 1 instants.

    An hour that comes twice is two hours; one that is skipped is none; one that is cut is shorter.

    >>> len(hours_of(date(2026, 10, 25), ZoneInfo("Europe/Berlin"))) - 1
    25
    """
    start, end = day_start(day, zone), day_start(day + timedelta(days=1), zone)
    marks = {start, end}
    for hour in range(24):
        local = datetime.combine(day, time(hour))
        again = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
        marks.add(first_instant(local, zone))
        if _shows(again, local, zone):
            marks.add(again)
    return sorted(mark for mark in marks if start <= mark <= end)


def days_back(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The instant some days before, when the zone's clocks showed the same time; so a day has 23, 24 or 25 hours.

    >>> days_back(datetime(2026, 10, 25, 6, tzinfo=UTC), 1, ZoneInfo("Europe/Berlin")).isoformat()
    '2026-10-24T05:00:00+00:00'
    """
    return first_instant(at.astimezone(zone).replace(tzinfo=None, fold=0) - timedelta(days=days), zone)


def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether the zone had such a day: Samoa went from 29 to 31 December 2011."""
    return day_start(day, zone) < day_start(day + timedelta(days=1), zone)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The date that the zone's clocks show at an instant."""
    return at.astimezone(zone).date()


def _shows(at: datetime, local: datetime, zone: ZoneInfo) -> bool:
    return at.astimezone(zone).replace(tzinfo=None, fold=0) == local


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the change between two instants with different offsets, to the second."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle.replace(microsecond=0)
        else:
            before = middle.replace(microsecond=0)
    return after
