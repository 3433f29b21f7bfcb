"""A year of windows in twelve zones, against a calendar that is computed in another way: minute by minute."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from plimsoll.schedule.schedules import Due, parse

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu",
    "America/Santiago", "Africa/Cairo", "Pacific/Chatham", "Asia/Tokyo", "America/St_Johns", "Africa/Casablanca",
)  # fmt: skip
CUT_HOURS = {"Australia/Lord_Howe": {0.5, 1.5}, "Pacific/Chatham": {0.25, 0.75}}  # the others change on a full hour
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=15)


@cache
def _wall(zone: str) -> list[tuple[datetime, datetime]]:
    """(UTC, what the clock on the wall shows), every quarter of an hour: every change of the year falls on one."""
    place, at, shown = ZoneInfo(zone), START - timedelta(days=40), list[tuple[datetime, datetime]]()
    while at <= END + timedelta(days=2):
        shown.append((at, at.astimezone(place).replace(tzinfo=None)))
        at += STEP
    return shown


def _unit(text: str, wall: datetime) -> int:
    """The number of the day, week or month that the wall clock shows."""
    if text.startswith("daily"):
        return wall.toordinal()
    return (wall.toordinal() - 1) // 7 if text.startswith("mon ") else wall.year * 12 + wall.month


def _starts(zone: str, text: str) -> list[datetime]:
    """Where the wall clock first shows the hour of another day, week or month."""
    highest, starts, since_hour = 0, list[datetime](), timedelta(hours=int(text.split()[1][:2]))
    for at, wall in _wall(zone):
        if (unit := _unit(text, wall - since_hour)) > highest:
            starts.append(at)
            highest = unit
    return starts[1:]


def _windows(zone: str, text: str) -> list[Due]:
    return list(parse(text).between(START, END, ZoneInfo(zone)))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["daily 07:00", "mon 06:00", "monthly 06:00"])
def test_every_day_week_and_month_is_one_window(zone: str, text: str) -> None:
    """F33: windows are from one time on the wall clock to the next, and due at their end."""
    windows, starts = _windows(zone, text), _starts(zone, text)
    expected = [(a, b) for a, b in pairwise(starts) if windows[0].start <= a and b <= windows[-1].end]
    assert [(w.start, w.end) for w in windows] == expected
    hour = int(text.split()[1][:2])
    assert all(w.due == w.end for w in windows)
    assert all(a.end == b.start for a, b in pairwise(windows))
    assert {w.due.astimezone(ZoneInfo(zone)).strftime("%H:%M") for w in windows} == {f"{hour:02}:00"}
    assert len(windows) == {"d": 365, "m": 52 if text.startswith("mon ") else 12}[text[0]]


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_is_one_window(zone: str) -> None:
    """The hours of a year have no gap and no overlap, begin on full hours of the wall clock, and are 8760 or so."""
    windows = _windows(zone, "hourly")
    assert all(a.end == b.start for a, b in pairwise(windows))
    assert windows[0].end - START <= timedelta(hours=1)
    assert END - windows[-1].end < timedelta(hours=1)
    lengths = {(w.end - w.start) / timedelta(hours=1) for w in windows}
    assert lengths == {1.0} | CUT_HOURS.get(zone, set())
    full = {at for at, wall in _wall(zone) if wall.minute == 0}
    inside = {w.start for w in windows}
    # a wall clock that jumps over a full hour starts the next window at the jump, whatever it shows then
    assert len(inside - full) <= 1
    assert len(full & {at for at in full if windows[0].start <= at < windows[-1].end} - inside) == 0
