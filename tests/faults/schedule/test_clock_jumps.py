"""Clocks that jump: nothing is made for days that have not been, and the real days come."""

from datetime import timedelta

import pytest

from plimsoll.project import Project
from plimsoll.schedule.clock_watch import CONFIRMED_AFTER_S, FILE, Watch, problem
from plimsoll.schedule.engine import Engine
from plimsoll.schedule.status import status
from tests.clocks import OwnedClock
from tests.schedules import Notes, engine, plan

DAY_S = 86_400.0
DAILY = plan({"daily": "daily 07:00"}, reporting=("daily",))


def _days_pass(running: Engine, clock: OwnedClock, days: int) -> None:
    for _ in range(days * 24):
        clock.advance(3600)
        running.pass_all()


def _daily_ends(notes: Notes) -> list[str]:
    return [f"{end:%m-%d}" for _, end in notes.windows("daily")]


@pytest.mark.parametrize("days", [1, 3, 30])
def test_some_days_ahead_for_two_minutes(project: Project, clock: OwnedClock, days: int) -> None:
    """Nothing is made while it is ahead, and `status` says why; every real day is made once afterwards."""
    running, notes = engine(project, clock, DAILY)
    clock.step_wall(days * DAY_S)
    assert running.pass_all() == 0
    assert any(f"jumped ahead by {days * 24:.1f} h" in one for one in status(project, clock).problems)
    clock.advance(120)
    assert running.pass_all() == 0
    clock.step_wall(-days * DAY_S)
    _days_pass(running, clock, 3)
    assert _daily_ends(notes) == ["01-17", "01-18", "01-19"]
    assert problem(project.data / FILE) is None


def test_days_made_by_a_clock_that_was_ahead_are_void(project: Project, clock: OwnedClock) -> None:
    """It was ahead for hours, and believed; once it has been back for a while, the real days are made in their time."""
    running, notes = engine(project, clock, DAILY)
    clock.step_wall(2 * DAY_S)
    _days_pass(running, clock, 1)
    assert _daily_ends(notes)[-1] == "01-19"
    notes.made.clear()
    clock.step_wall(-2 * DAY_S)
    _days_pass(running, clock, 3)
    assert _daily_ends(notes) == ["01-18", "01-19", "01-20"]


def test_a_tick_refuses_a_clock_that_jumped(project: Project, clock: OwnedClock) -> None:
    """Each tick is a new process; it knows from the file what the clock was, and that it has stayed so."""
    _, notes = engine(project, clock, DAILY)
    clock.step_wall(3 * DAY_S)
    for _ in range(4):  # 0, 5, 10 and 15 minutes after the jump was seen
        assert len(notes.made) == 0
        again, _ = engine(project, clock, DAILY, notes)
        again.pass_all()
        clock.advance(300)
    assert _daily_ends(notes) == ["01-17", "01-18", "01-19"]


def test_a_machine_that_was_off_is_no_jump(project: Project, clock: OwnedClock) -> None:
    """After a reboot, what the wall clock shows later than before is believed; what it shows earlier is not."""
    engine(project, clock, DAILY)
    clock.reboot(2 * DAY_S)
    again, notes = engine(project, clock, DAILY)
    assert again.pass_all() == 2
    clock.reboot(-1.5 * DAY_S)
    behind, _ = engine(project, clock, DAILY, notes)
    clock.advance(CONFIRMED_AFTER_S - 60)
    assert behind.pass_all() == 0
    assert problem(project.data / FILE) is not None
    clock.advance(120)
    behind.pass_all()
    assert problem(project.data / FILE) is None
    _days_pass(behind, clock, 2)
    assert _daily_ends(notes) == ["01-17", "01-18"] * 2  # the first ones were made by a clock that was ahead


@pytest.mark.parametrize("step_s", [-200.0, 200.0, -1.0])
def test_small_steps_are_no_jumps(project: Project, clock: OwnedClock, step_s: float) -> None:
    """The clock is corrected by a little: no window twice, none left out, and nothing waits."""
    running, notes = engine(project, clock, plan({"hours": "hourly"}))
    for n in range(6):
        clock.advance(3600 - step_s if n else 3600)
        running.pass_all()
        clock.step_wall(step_s)
        running.pass_all()
    ends = [end for _, end in notes.windows("hours")]
    assert ends == [ends[0] + timedelta(hours=n) for n in range(len(ends))]
    assert len(ends) in (5, 6)


@pytest.mark.parametrize("step_s", [-290.0, -30.0, -1.0, 1.0, 30.0, 290.0])
def test_after_a_small_step_what_is_due_is_made_at_once(project: Project, clock: OwnedClock, step_s: float) -> None:
    """A clock that is corrected by less than five minutes is believed: no window waits, `status` says nothing of it."""
    running, notes = engine(project, clock, plan({"hours": "hourly"}))
    clock.advance(3600 - step_s)
    clock.step_wall(step_s)
    assert running.pass_all() == 1
    clock.step_wall(-step_s)
    assert running.confirmed_now() == clock.now()
    assert problem(project.data / FILE) is None
    clock.advance(3600 + step_s)
    assert running.pass_all() == 1
    assert len(notes.windows("hours")) == 2


def test_a_wall_clock_that_lags_is_believed(project: Project, clock: OwnedClock) -> None:
    """What it shows has passed; it only has not gone back."""
    running, notes = engine(project, clock, plan({"hours": "hourly"}))
    clock.advance(4 * 3600)
    clock.step_wall(-1800)
    assert running.pass_all() == 3
    assert Watch(clock).confirmed
    assert len(notes.made) == 3
