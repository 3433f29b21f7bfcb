"""What a hostile life does to schedules: seldom ticks, jumps inside pauses, failures in a row, ledgers of yesterday."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.schedule.problems import of_jobs
from tests.clocks import OwnedClock
from tests.schedules import Notes, engine, plan

DAY_S = 86_400.0
JOBS = {"hours": "hourly", "daily": "daily 07:00", "weekly": "mon 06:00"}
FAILED = RunResult("failed", 1.0, "no luck", "error")


def _whole(notes: Notes, job: str) -> None:
    windows = notes.windows(job)
    assert len(windows) == len(set(windows)), f"{job} was made twice"
    assert all(a[1] == b[0] for a, b in pairwise(windows)), f"{job} has a gap"


@pytest.mark.parametrize("step_s", [600.0, 7 * 3600.0])
def test_cron_alone_drives_it(project: Project, clock: OwnedClock, step_s: float) -> None:
    """A new process at each tick, and nothing between two: every window once, in order."""
    jobs, notes = plan(JOBS, at="Europe/Berlin", reporting=("daily", "weekly")), Notes(clock)
    for _ in range(int(2.2 * DAY_S // step_s)):
        running, _n = engine(project, clock, jobs, notes)
        running.pass_all()
        clock.advance(step_s)
    for job in ("hours", "daily"):
        _whole(notes, job)
    assert len(notes.windows("daily")) == 2


@pytest.mark.parametrize("shift_s", [-3600.0, 3600.0, 20 * DAY_S, -20 * DAY_S])
def test_the_clock_is_wrong_after_a_pause_over_the_report(project: Project, clock: OwnedClock, shift_s: float) -> None:
    """The machine was off over 07:00 and comes back with a wrong clock that is set right after half an hour."""
    jobs = plan({"daily": "daily 07:00", "weekly": "mon 06:00"}, reporting=("daily", "weekly"))
    _, notes = engine(project, clock, jobs)
    clock.reboot(16 * 3600 + shift_s)
    running, _n = engine(project, clock, jobs, notes)
    for _ in range(6):
        running.pass_all()
        clock.advance(300)
    clock.step_wall(-shift_s)
    for _ in range(30):
        clock.advance(3600)
        running.pass_all()
    right = {end for _, end in notes.windows("daily")}
    assert {datetime(2026, 1, 17, 7, tzinfo=UTC), datetime(2026, 1, 18, 7, tzinfo=UTC)} <= right


def test_two_failures_in_a_row_are_named_and_stop_nothing(project: Project, clock: OwnedClock) -> None:
    """The report of one day is given up; `status` says how to make it; that of the next day comes in its time."""
    jobs = plan({"daily": "daily 07:00"}, reporting=("daily",))
    running, notes = engine(project, clock, jobs, Notes(clock, endings={"daily": [FAILED, FAILED]}))
    for _ in range(24 * 4):
        clock.advance(600)
        running.pass_all()
    (said,) = of_jobs(project, jobs, clock.now(), grace=timedelta(minutes=20))
    assert "no luck" in said
    assert "plimsoll run daily --as-of 2026-01-17T07:00:00Z" in said
    clock.advance(DAY_S)
    running.pass_all()
    assert [end.day for _, end in notes.windows("daily")] == [17, 17, 18]


def test_a_ledger_of_yesterday_makes_what_it_does_not_know(project: Project, clock: OwnedClock) -> None:
    """A restored copy is believed: what was made since is made again, once, and nothing before it."""
    jobs = plan({"daily": "daily 07:00"}, reporting=("daily",))
    running, notes = engine(project, clock, jobs)
    clock.advance(DAY_S)
    running.pass_all()
    copy = project.root / "copy.sqlite"
    project.ledger.copy_to(copy)
    clock.advance(DAY_S)
    running.pass_all()
    for path in project.data.glob("ledger.sqlite*"):
        path.unlink()
    copy.rename(project.data / "ledger.sqlite")
    again, _n = engine(project, clock, jobs, notes)
    again.pass_all()
    again.pass_all()
    assert [end.day for _, end in notes.windows("daily")] == [17, 18, 18]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"])
def test_another_zone_and_schedule_during_a_pause(project: Project, clock: OwnedClock, zone: str) -> None:
    """What the old schedule still owed is one window, made at once; then each day once, without a gap between them."""
    engine(project, clock, plan({"daily": "daily 07:00"}))
    clock.advance(3 * DAY_S)
    changed = plan({"daily": "daily 08:00"}, at=zone)
    running, notes = engine(project, clock, changed)
    assert running.pass_all() == 1
    for _ in range(72):
        clock.advance(3600)
        running.pass_all()
    _whole(notes, "daily")
    assert len(notes.windows("daily")) == 1 + 3
