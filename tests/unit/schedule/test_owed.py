"""What a job owes: one definition of a settled window, for jobs that catch up and for those that do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plimsoll.ledger import JobProgress, Run, RunResult
from plimsoll.project import Project
from plimsoll.schedule.owed import Owed, owed, settled
from plimsoll.schedule.plan import Plan, Task
from tests.clocks import OwnedClock
from tests.schedules import Notes, engine, plan

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def _owed(text: str, standing: JobProgress, now: datetime, *, catch_up: bool) -> Owed:
    jobs = plan({"job": text})
    return owed(replace(jobs.tasks["job"], catch_up=catch_up), jobs, standing, now)


def _failed(due: datetime) -> Run:
    end, retry_at = due, due + MINUTE
    return Run(
        7, "job", due - timedelta(minutes=5), end, due, 1, due, 1.0, "failed", "error", "no luck", retry_at, 1, None,
        None, None, None, "0.1.0",
    )  # fmt: skip


def _newest_only(made: Plan, *names: str) -> Plan:
    tasks = {name: replace(task, catch_up=name not in names) for name, task in made.tasks.items()}
    return replace(made, tasks=tasks)


def test_a_job_that_does_not_catch_up_owes_its_newest_window() -> None:
    """The others are settled by being skipped, and nothing that was due before the newest stands in anyone's way."""
    found = _owed("cron */5 * * * *", JobProgress(NOON, NOON), NOON + 32 * MINUTE, catch_up=False)
    assert found.attempt is not None
    assert found.attempt.window.due == NOON + 30 * MINUTE
    assert found.skip is not None
    assert (found.skip.count, found.skip.first.due, found.skip.last.due) == (5, NOON + 5 * MINUTE, NOON + 25 * MINUTE)
    assert (found.unsettled, found.since) == (NOON + 30 * MINUTE, NOON + 5 * MINUTE)
    assert settled([found], NOON + 29 * MINUTE)
    assert not settled([found], NOON + 30 * MINUTE)


def test_a_job_that_catches_up_owes_every_window() -> None:
    """Oldest first; the newest even where it was due longer ago than the setting."""
    found = _owed("hourly", JobProgress(NOON, NOON), NOON + timedelta(hours=3), catch_up=True)
    assert found.attempt is not None
    assert (found.attempt.window.due, found.skip) == (NOON + timedelta(hours=1), None)
    late = _owed("monthly 06:00", JobProgress(NOON, NOON), NOON + timedelta(days=40), catch_up=True)
    assert late.attempt is not None
    assert (late.attempt.window.due, late.skip) == (datetime(2026, 4, 1, 6, tzinfo=UTC), None)


def test_a_failed_attempt_is_not_repeated_where_a_newer_window_is_due() -> None:
    """Of a job that owes its newest window only; of the others it is repeated first."""
    standing = JobProgress(NOON, NOON, (_failed(NOON + 5 * MINUTE),))
    newer = _owed("cron */5 * * * *", standing, NOON + 11 * MINUTE, catch_up=False)
    assert newer.attempt is not None
    assert (newer.attempt.window.due, newer.attempt.number) == (NOON + 10 * MINUTE, 1)
    assert newer.superseded is not None
    again = _owed("cron */5 * * * *", standing, NOON + 11 * MINUTE, catch_up=True)
    assert again.attempt is not None
    assert (again.attempt.window.due, again.attempt.number) == (NOON + 5 * MINUTE, 2)
    waits = _owed("cron */5 * * * *", standing, NOON + 5.5 * MINUTE, catch_up=False)
    assert (waits.attempt, waits.unsettled) == (None, NOON + 5 * MINUTE)


@pytest.mark.parametrize("off", [timedelta(minutes=30), timedelta(hours=26), timedelta(days=9)])
def test_a_pause_over_the_hour_of_the_report(project: Project, clock: OwnedClock, off: timedelta) -> None:
    """Jobs that make their newest window only never hold a report back: it is made at the first look after a pause."""
    clock.advance(12.8 * 3600)  # 06:48
    tasks = {"alerts": "cron */5 * * * *", "drop": "daily 05:30", "daily": "daily 07:00", "send": "cron * * * * *"}
    jobs = _newest_only(plan(tasks, reporting=("daily", "send")), "alerts", "drop", "send")
    running, _ = engine(project, clock, jobs)
    running.pass_all()
    clock.advance(off.total_seconds())
    again, notes = engine(project, clock, jobs)
    again.pass_all()
    order = [job for job, _, _ in notes.made]
    assert order.count("daily") == 1 + (off - timedelta(minutes=12)) // timedelta(days=1)
    assert order.index("alerts") < order.index("daily")
    assert order[-1] == "send"
    assert (order.count("alerts"), order.count("send")) == (1, 1)
    assert again.pass_all() == 0


def test_what_is_not_made_is_one_row(project: Project, clock: OwnedClock) -> None:
    """From the first to the last of the windows, with how many and why; it is no failure."""
    jobs = _newest_only(plan({"send": "cron */10 * * * *"}), "send")
    running, notes = engine(project, clock, jobs)
    clock.advance(3600)
    assert running.pass_all() == 1
    assert len(notes.made) == 1
    (made,) = project.ledger.attempts("send", clock.now() - 10 * MINUTE, clock.now())
    (skipped,) = project.ledger.attempts("send", clock.now() - 60 * MINUTE, clock.now() - 10 * MINUTE)
    assert (made.outcome, skipped.outcome, skipped.cause) == ("success", "skipped", "newest only")
    assert skipped.detail is not None
    assert skipped.detail.startswith("5 windows were followed by a newer one")
    assert project.ledger.failures(clock.now() - timedelta(days=1)) == []


def test_a_job_that_always_fails_holds_nothing_back_for_ever(project: Project, clock: OwnedClock) -> None:
    """A report waits for the repetition of what its analysis is made from, and no longer."""
    endings = {"alerts": [RunResult("failed", 1.0, "no luck", "error")] * 400}
    jobs = _newest_only(plan({"alerts": "cron */5 * * * *", "daily": "daily 07:00"}, reporting=("daily",)), "alerts")
    running, notes = engine(project, clock, jobs, Notes(clock, endings=endings))
    clock.advance(12.8 * 3600)
    for _ in range(40):
        clock.advance(30)
        running.pass_all()
    assert len(notes.windows("daily")) == 1
    made = notes.at[[job for job, _, _ in notes.made].index("daily")]
    assert made - datetime(2026, 1, 17, 7, tzinfo=UTC) <= 3 * MINUTE


def test_a_report_that_does_not_catch_up_is_not_starved(project: Project, clock: OwnedClock) -> None:
    """Analysis that takes longer than its period is always owing something new; what waits, waits for the old of it."""
    jobs = _newest_only(
        plan({"slow": "cron */5 * * * *", "send": "cron * * * * *"}, reporting=("send",)), "slow", "send"
    )
    running, notes = engine(project, clock, jobs, Notes(clock, seconds=400))
    for _ in range(12):
        running.pass_lane("analysing", most=1)
        running.pass_lane("reporting", most=1)
        clock.advance(10)
    assert len(notes.windows("send")) >= 5


def test_every_job_that_ships_has_one_definition(project: Project) -> None:
    """The shipped plan holds both kinds in both lanes; reports catch up, so that their windows have no gap."""
    tasks: dict[str, Task] = dict(Plan.load(project).tasks)
    kinds = {(task.lane, task.catch_up) for task in tasks.values()}
    assert kinds >= {("analysing", True), ("analysing", False), ("reporting", True), ("reporting", False)}
    assert all(tasks[name].catch_up for name in ("daily_report", "weekly_report", "capacity_review"))
