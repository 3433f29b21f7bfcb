"""Local times that do not exist, come twice, or belong to a day that a zone left out."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plimsoll.clock import instant, rfc3339
from plimsoll.local_time import day_start, first_instant, hours_of
from plimsoll.schedule.schedules import Due, parse


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/Berlin", "2026-07-01T07:00", "2026-07-01T05:00:00Z"),
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00Z"),  # skipped: the first instant after the gap
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z"),  # twice: the first
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00Z"),  # half an hour is skipped
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z"),  # half an hour comes twice
        ("America/Santiago", "2026-09-06T00:00", "2026-09-06T04:00:00Z"),  # midnight is skipped
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z"),  # the whole day is skipped
    ],
)
def test_a_local_time_is_one_instant(zone: str, local: str, utc: str) -> None:
    """A time that is skipped is the end of the gap; one that comes twice is the first."""
    assert rfc3339(first_instant(datetime.fromisoformat(local), ZoneInfo(zone))) == utc


@pytest.mark.parametrize(
    ("zone", "day", "hours", "windows"),
    [
        ("UTC", "2026-03-29", 24.0, 24),
        ("Europe/Berlin", "2026-03-29", 23.0, 23),
        ("Europe/Berlin", "2026-10-25", 25.0, 25),
        ("America/New_York", "2026-03-08", 23.0, 23),
        ("America/Santiago", "2026-09-06", 23.0, 23),
        ("America/Santiago", "2026-04-04", 25.0, 25),
        ("Australia/Lord_Howe", "2026-10-04", 23.5, 24),
        ("Australia/Lord_Howe", "2026-04-05", 24.5, 24),
        ("Asia/Kathmandu", "2026-01-01", 24.0, 24),
        ("Pacific/Apia", "2011-12-30", 0.0, 0),
    ],
)
def test_the_hours_of_a_day_make_up_the_day(zone: str, day: str, hours: float, windows: int) -> None:
    """F33: days of 23, 23.5, 24.5 and 25 hours, each hour once."""
    at, place = date.fromisoformat(day), ZoneInfo(zone)
    marks = hours_of(at, place)
    assert marks[-1] - marks[0] == timedelta(hours=hours)
    assert len(marks) - 1 == windows
    assert (marks[0], marks[-1]) == (day_start(at, place), day_start(at + timedelta(days=1), place))


def _windows(text: str, zone: str, after: str, until: str) -> list[str]:
    found: list[Due] = list(parse(text).between(instant(after), instant(until), ZoneInfo(zone)))
    return [f"{rfc3339(w.start)}/{rfc3339(w.end)} {rfc3339(w.due)}" for w in found]


def test_a_daily_window_is_from_one_due_time_to_the_next() -> None:
    """07:00 is 07:00 on the wall, before and after the change of the clocks; the window over it has 23 or 25 hours."""
    assert _windows("daily 07:00", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z") == [
        "2026-03-28T06:00:00Z/2026-03-29T05:00:00Z 2026-03-29T05:00:00Z",
        "2026-03-29T05:00:00Z/2026-03-30T05:00:00Z 2026-03-30T05:00:00Z",
    ]
    assert _windows("daily 07:00", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z") == [
        "2026-10-24T05:00:00Z/2026-10-25T06:00:00Z 2026-10-25T06:00:00Z"
    ]


def test_a_weekly_window_is_from_one_due_time_to_the_next() -> None:
    """Monday's report is about the seven days before its own time of that Monday."""
    assert _windows("mon 06:00", "UTC", "2026-01-12T06:00:00Z", "2026-01-19T06:00:00Z") == [
        "2026-01-12T06:00:00Z/2026-01-19T06:00:00Z 2026-01-19T06:00:00Z"
    ]


def test_a_monthly_window_is_from_one_due_time_to_the_next() -> None:
    """February has 28 days."""
    assert _windows("monthly 06:00", "UTC", "2026-02-15T00:00:00Z", "2026-03-15T00:00:00Z") == [
        "2026-02-01T06:00:00Z/2026-03-01T06:00:00Z 2026-03-01T06:00:00Z"
    ]


def test_cron_windows_follow_on_one_another() -> None:
    """Friday 07:00, then Monday 07:00: the window of Monday begins on Friday."""
    assert _windows("cron 0 7 * * mon-fri", "UTC", "2026-01-16T06:00:00Z", "2026-01-19T07:00:00Z") == [
        "2026-01-15T07:00:00Z/2026-01-16T07:00:00Z 2026-01-16T07:00:00Z",
        "2026-01-16T07:00:00Z/2026-01-19T07:00:00Z 2026-01-19T07:00:00Z",
    ]


def test_cron_takes_either_day_when_both_are_given() -> None:
    """The 13th, and every Friday: the rule of cron since 1979."""
    days = [w[21:31] for w in _windows("cron 0 0 13 * fri", "UTC", "2026-01-08T00:00:00Z", "2026-01-16T12:00:00Z")]
    assert days == ["2026-01-09", "2026-01-13", "2026-01-16"]


def test_of_missed_steps_only_the_last_is_due() -> None:
    """A reading of the past cannot be made: an interval never runs in a burst."""
    windows = _windows("every 30s", "UTC", "2026-01-16T10:00:00Z", "2026-01-16T18:00:10Z")
    assert windows == ["2026-01-16T17:59:30Z/2026-01-16T18:00:00Z 2026-01-16T18:00:00Z"]


def test_nothing_is_due_twice() -> None:
    """(after, until] and (until, later] share no window and leave none out."""
    first = _windows("hourly :05", "UTC", "2026-01-16T10:00:00Z", "2026-01-16T12:05:00Z")
    second = _windows("hourly :05", "UTC", "2026-01-16T12:05:00Z", "2026-01-16T14:00:00Z")
    assert first + second == _windows("hourly :05", "UTC", "2026-01-16T10:00:00Z", "2026-01-16T14:00:00Z")
    assert datetime(2026, 1, 16, 12, 5, tzinfo=UTC) == instant(first[-1].split()[1])
