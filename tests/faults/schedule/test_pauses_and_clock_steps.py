"""F28-F35: pauses, sleeping laptops, clocks that are set: every window exactly once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.schedule.clock_watch import Watch
from tests.clocks import OwnedClock
from tests.schedules import Notes, engine, plan

DAY_S = 86_400.0
START = datetime(2026, 1, 16, 18, 0, tzinfo=UTC)


def _every_window_once(notes: Notes, job: str, first: datetime, last: datetime) -> None:
    windows = notes.windows(job)
    assert windows == sorted(set(windows))
    assert all(a[1] == b[0] for a, b in pairwise(windows))
    assert (windows[0][0], windows[-1][1]) == (first, last)


def test_three_days_down(project: Project, clock: OwnedClock) -> None:
    """F28: all windows once, oldest first, analysis before the report that reads it."""
    jobs = plan({"anomalies": "hourly", "daily": "daily 07:00"}, reporting=("daily",))
    engine(project, clock, jobs)
    clock.advance(3 * DAY_S)
    again, notes = engine(project, clock, jobs)
    assert again.pass_all() == 72 + 3
    _every_window_once(notes, "anomalies", START, START + timedelta(days=3))
    _every_window_once(notes, "daily", datetime(2026, 1, 16, 7, tzinfo=UTC), datetime(2026, 1, 19, 7, tzinfo=UTC))
    order = [job for job, _, _ in notes.made]
    assert order.index("daily") == 72
    assert again.pass_all() == 0


def test_forty_days_down(project: Project, clock: OwnedClock) -> None:
    """F29: fourteen days are made; the rest is noted as skipped, with the reason, in one row."""
    jobs = plan({"daily": "daily 07:00"})
    engine(project, clock, jobs)
    clock.advance(40 * DAY_S)
    again, notes = engine(project, clock, jobs)
    assert again.pass_all() == 14
    assert notes.windows("daily")[-1][1] == datetime(2026, 2, 25, 7, tzinfo=UTC)
    (skipped,) = project.ledger.failures(START)
    assert (skipped.outcome, skipped.cause) == ("skipped", "catch_up")
    assert skipped.detail == "26 windows were due more than 14 days ago ([schedule] catch_up)"
    assert skipped.window_end == notes.windows("daily")[0][0]
    assert again.pass_all() == 0


def test_a_laptop_that_slept(project: Project, clock: OwnedClock) -> None:
    """F30: the monotonic hand stood still for eight hours; the eight windows are made, none twice."""
    running, notes = engine(project, clock, plan({"anomalies": "hourly"}))
    clock.suspend(8 * 3600)
    assert Watch(clock).look() is None
    assert running.pass_all() == 8
    _every_window_once(notes, "anomalies", START, START + timedelta(hours=8))


def test_the_clock_goes_back_two_hours_for_ten_minutes(project: Project, clock: OwnedClock) -> None:
    """F31: no window twice, and the next ones as if nothing had been."""
    running, notes = engine(project, clock, plan({"anomalies": "hourly"}))
    clock.advance(3600)
    assert running.pass_all() == 1
    clock.step_wall(-7200)
    for _ in range(10):
        clock.advance(60)
        assert running.pass_all() == 0
    clock.step_wall(7200)
    clock.advance(3600)
    assert running.pass_all() == 1
    _every_window_once(notes, "anomalies", START, START + timedelta(hours=2))


def test_ten_years_ahead_and_back(project: Project, clock: OwnedClock) -> None:
    """F32: a jump of years is not believed: nothing is made, nothing is skipped, and it is told once; its end too."""
    running, notes = engine(project, clock, plan({"anomalies": "hourly"}))
    watch = Watch(clock)
    clock.step_wall(3650 * DAY_S)
    step = watch.look()
    assert step is not None
    assert step.incredible
    clock.advance(60)
    assert watch.look() is None
    clock.step_wall(-3650 * DAY_S)
    clock.advance(3540)
    back = watch.look()
    assert back is not None
    assert not back.incredible
    assert running.pass_all() == 1
    _every_window_once(notes, "anomalies", START, START + timedelta(hours=1))


def test_what_a_wrong_clock_left_behind_stops_nothing(project: Project, clock: OwnedClock) -> None:
    """F32, started while the clock was wrong: the ledger's rows of the future do not hold up the present."""
    jobs = plan({"anomalies": "hourly"})
    clock.step_wall(3650 * DAY_S)
    ahead, _ = engine(project, clock, jobs)
    clock.advance(3600)
    assert ahead.pass_all() == 1
    clock.step_wall(-3650 * DAY_S)
    again, notes = engine(project, clock, jobs)
    clock.advance(7200)
    assert again.pass_all() == 2
    assert notes.windows("anomalies")[-1][1] == clock.now()


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("hourly :05", datetime(2026, 1, 18, 18, 5, tzinfo=UTC)),
        ("daily 09:00", datetime(2026, 1, 19, 9, tzinfo=UTC)),
        ("daily 06:00", datetime(2026, 1, 19, 6, tzinfo=UTC)),
        ("wed 06:00", datetime(2026, 1, 21, 6, tzinfo=UTC)),
    ],
)
def test_a_changed_schedule_begins_where_the_old_one_ended(
    project: Project, clock: OwnedClock, text: str, due: datetime
) -> None:
    """F56: nothing of the past is made again; the next window covers every instant since the last one."""
    running, notes = engine(project, clock, plan({"report": "daily 07:00"}))
    clock.advance(2 * DAY_S)
    assert running.pass_all() == 2
    running.plan = plan({"report": text})
    running.begin()
    assert running.pass_all() == 0
    clock.advance((due - clock.now()).total_seconds())
    assert running.pass_all() == 1
    assert notes.windows("report")[-1][0] == datetime(2026, 1, 18, 7, tzinfo=UTC)
    clock.advance(8 * DAY_S)
    running.pass_all()
    _every_window_once(notes, "report", datetime(2026, 1, 16, 7, tzinfo=UTC), notes.windows("report")[-1][1])


def test_a_changed_schedule_makes_no_empty_window(project: Project, clock: OwnedClock) -> None:
    """F56: an hour that the old schedule covered is not made again where the new one is due long after its end."""
    running, notes = engine(project, clock, plan({"report": "daily 18:00"}))
    clock.advance(DAY_S)
    assert running.pass_all() == 1
    running.plan = plan({"report": "hourly :59"})
    running.begin()
    clock.advance(2 * 3600)
    running.pass_all()
    _every_window_once(notes, "report", START, START + timedelta(hours=25))
    assert all(start < end for start, end in notes.windows("report"))


@pytest.mark.parametrize("text", ["daily 09:00", "daily 05:00", "hourly", "monthly 06:00"])
def test_a_schedule_changed_during_a_pause_leaves_no_instant_out(
    project: Project, clock: OwnedClock, text: str
) -> None:
    """F56: what the old schedule still owed is covered by the new one's newest window, at once where it has one."""
    running, notes = engine(project, clock, plan({"report": "daily 07:00"}))
    clock.advance(DAY_S)
    assert running.pass_all() == 1
    clock.advance(3 * DAY_S)
    again, _ = engine(project, clock, plan({"report": text}), notes)
    made = again.pass_all()
    assert made == (0 if text == "monthly 06:00" else 1)
    clock.advance(40 * DAY_S)
    again.pass_all()
    first = datetime(2026, 1, 16, 7, tzinfo=UTC)
    rows = [*notes.windows("report"), *((r.window_start, r.window_end) for r in project.ledger.failures(START))]
    assert min(rows)[0] == first
    assert all(a[1] == b[0] for a, b in pairwise(sorted(rows)))


def test_a_schedule_changed_after_months_is_caught_up_within_its_bound(project: Project, clock: OwnedClock) -> None:
    """F29, F56: the first window reaches back as far as `catch_up`; what lies before is noted as skipped."""
    running, notes = engine(project, clock, plan({"report": "daily 07:00"}))
    clock.advance(DAY_S)
    running.pass_all()
    clock.advance(60 * DAY_S)
    again, _ = engine(project, clock, plan({"report": "daily 09:00"}), notes)
    assert again.pass_all() == 1
    start, end = notes.windows("report")[-1]
    assert (end, end - start) == (datetime(2026, 3, 18, 9, tzinfo=UTC), timedelta(days=15))
    (skipped,) = project.ledger.failures(START)
    assert (skipped.window_start, skipped.window_end) == (datetime(2026, 1, 17, 7, tzinfo=UTC), start)


def test_a_changed_zone_begins_where_the_old_one_ended(project: Project, clock: OwnedClock) -> None:
    """F34, F56: windows that were made stay as they were; the new zone's first covers what lies between."""
    running, notes = engine(project, clock, plan({"report": "daily 07:00"}))
    clock.advance(DAY_S)
    assert running.pass_all() == 1
    running.plan = plan({"report": "daily 07:00"}, at="Asia/Tokyo")
    running.begin()
    assert running.pass_all() == 0
    clock.advance(DAY_S)
    assert running.pass_all() == 1
    assert notes.windows("report")[-1] == (
        datetime(2026, 1, 17, 7, tzinfo=UTC),
        datetime(2026, 1, 17, 22, tzinfo=UTC),
    )


def test_a_job_longer_than_its_period(project: Project, clock: OwnedClock) -> None:
    """F53: the next waits; no two at a time, none left out."""
    running, notes = engine(project, clock, plan({"slow": "hourly"}), Notes(clock, seconds=5400))
    clock.advance(3600)
    running.pass_lane("analysing", most=6)
    assert all(b - a >= timedelta(seconds=5400) for a, b in pairwise(notes.at))
    _every_window_once(notes, "slow", START, START + timedelta(hours=6))


def test_a_failure_is_tried_again_once(project: Project, clock: OwnedClock) -> None:
    """F52: one more attempt after a pause, later windows wait; then it is given up, and the next one made."""
    endings = {"daily": [RunResult("failed", 1.0, "ended by signal 9 (SIGKILL)", "signal")] * 2}
    running, notes = engine(project, clock, plan({"daily": "daily 07:00"}), Notes(clock, endings=endings))
    clock.advance(2 * DAY_S)
    assert running.pass_all() == 1
    clock.advance(59)
    assert running.pass_all() == 0
    clock.advance(2)
    assert running.pass_all() == 2
    first, second, third = notes.windows("daily")
    assert first == second
    assert third[0] == first[1]
    (given_up,) = project.ledger.failures(START)
    assert (given_up.attempt, given_up.cause) == (2, "signal")


def test_a_dead_scheduler_leaves_a_window_open(project: Project, clock: OwnedClock) -> None:
    """F54: a run without an end, that never gave a sign of life, is closed by the next owner and made again once."""
    jobs = plan({"daily": "daily 07:00"})
    engine(project, clock, jobs)
    clock.advance(DAY_S)
    start = datetime(2026, 1, 16, tzinfo=UTC)
    end = start + timedelta(days=1)
    project.ledger.claim(
        "daily", start, end, due=end + timedelta(hours=7), attempt=1, started=clock.now(), version="0.1.0"
    )
    again, notes = engine(project, clock, jobs)
    assert again.pass_all() == 1
    assert notes.windows("daily") == [(start, end)]
    outcomes = [(run.attempt, run.outcome, run.cause) for run in project.ledger.attempts("daily", start, end)]
    assert outcomes == [(1, "failed", "interrupted"), (2, "success", None)]


def test_a_report_waits_for_the_analysis_of_its_window(project: Project, clock: OwnedClock) -> None:
    """A report due at 07:00 is not made while an hour that was due before is still to be tried again."""
    endings = {"anomalies": [RunResult("failed", 1.0, "no luck", "error")]}
    jobs = plan({"anomalies": "hourly", "daily": "daily 07:00"}, reporting=("daily",))
    running, notes = engine(project, clock, jobs, Notes(clock, endings=endings))
    clock.advance(13 * 3600)
    running.pass_all()
    assert notes.windows("daily") == []
    clock.advance(61)
    running.pass_all()
    assert len(notes.windows("daily")) == 1


def test_a_held_engine_makes_nothing(project: Project, clock: OwnedClock) -> None:
    """While the clock is incredible, nothing is made."""
    running, notes = engine(project, clock, plan({"anomalies": "hourly"}))
    clock.advance(3600)
    running.paused = True
    assert running.pass_all() == 0
    running.paused = False
    assert running.pass_all() == 1
    assert len(notes.made) == 1


def test_housekeeping_is_not_caught_up(project: Project, clock: OwnedClock) -> None:
    """Of a job that says so, three days off make one window, the last."""
    only_last = plan({"compact": "cron */15 * * * *"})
    tasks = {name: replace(task, catch_up=False) for name, task in only_last.tasks.items()}
    running, notes = engine(project, clock, replace(only_last, tasks=tasks))
    clock.advance(40 * DAY_S)
    assert running.pass_all() == 1
    assert notes.windows("compact") == [(clock.now() - timedelta(minutes=15), clock.now())]
