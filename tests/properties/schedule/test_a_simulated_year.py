"""A year of hourly, daily, weekly and monthly jobs in twelve zones, ticked through by a clock that is ours."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from plimsoll.project import Project, builtin_root
from tests.clocks import OwnedClock
from tests.properties.schedule.test_a_year_in_twelve_zones import ZONES
from tests.schedules import engine, plan

JOBS = {"daily_job": "daily 07:00", "weekly_job": "mon 06:00", "monthly_job": "monthly 05:00"}
TICK_S = 5 * 86_400.0 + 7_777.0  # ticks that fall nowhere in particular, days apart


@pytest.fixture
def fast_project() -> Iterator[Project]:
    """A project in memory where the machine has such a place: a year has many commits, each with its fsync."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Project(Path(folder), builtin_root())


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_ticks_makes_every_window_once(fast_project: Project, zone: str) -> None:
    """Whatever the rhythm of the ticks, the windows of each job follow on one another, oldest first."""
    clock = OwnedClock(datetime(2026, 1, 1, 16, tzinfo=UTC))
    running, notes = engine(fast_project, clock, plan(JOBS, at=zone))
    while clock.now() < datetime(2027, 1, 1, 16, tzinfo=UTC):
        clock.advance(TICK_S)
        running.pass_all()
    for name in JOBS:
        assert all(a[1] == b[0] for a, b in pairwise(notes.windows(name)))
    counts = [len(notes.windows(name)) for name in JOBS]
    assert counts == [pytest.approx(366, abs=2), 52, 12]


def test_hours_around_a_change_of_half_an_hour(fast_project: Project) -> None:
    """Lord Howe Island, ten days around its change of the clocks: 239.5 hours, in one piece."""
    clock = OwnedClock(datetime(2026, 9, 29, 13, 30, tzinfo=UTC))
    running, notes = engine(fast_project, clock, plan({"hours": "hourly"}, at="Australia/Lord_Howe"))
    for _ in range(40):
        clock.advance(6 * 3600)
        running.pass_all()
    windows = notes.windows("hours")
    assert all(a[1] == b[0] for a, b in pairwise(windows))
    assert windows[-1][1] - windows[0][0] == timedelta(hours=239.5)
    assert len(windows) == 240  # one of them half an hour
