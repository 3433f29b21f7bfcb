"""What is due: from the jobs, the ledger and an instant to the next attempt at a window. Nothing is run here."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from plimsoll.config import Config
from plimsoll.config.engine import Plimsoll, Scheduler, zone
from plimsoll.errors import ConfigError, PlimsollError
from plimsoll.ledger import Ended, Ledger, Run
from plimsoll.project import Project
from plimsoll.project.context import Lane
from plimsoll.schedule.schedules import Due, Every, Schedule, parse

_WHOLE_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15)


@dataclass(frozen=True, slots=True)
class Task:
    """A job as the scheduler sees it: a name, never an object."""

    name: str
    text: str
    schedule: Schedule
    lane: Lane
    catch_up: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is to be done, in one zone, under one set of settings; made whole or not at all."""

    tasks: Mapping[str, Task]
    zone: ZoneInfo
    settings: Scheduler

    @classmethod
    def load(cls, project: Project) -> "Plan":
        """Reads the project; a mistake in its config or in a job raises, and whoever had a plan keeps it."""
        config, only_collects = project.config(), project.only_collects
        tasks: dict[str, Task] = {}
        for name, file in project.jobs().items():
            job = project.job(name)
            if only_collects and not job.on_collectors:
                continue
            try:
                tasks[name] = Task(name, job.schedule, parse(_as_set(job.schedule, config)), job.lane, job.catch_up)
            except PlimsollError as error:
                raise ConfigError(f"jobs/{name}.py ({file.origin}): {error}") from error
        return cls(tasks, zone(config.get("plimsoll", Plimsoll).timezone), config.get("schedule", Scheduler))

    def windowed(self, lane: Lane) -> list[Task]:
        """The jobs of a lane that have windows in the ledger."""
        return [t for t in self.tasks.values() if t.lane == lane and not isinstance(t.schedule, Every)]

    def stepping(self) -> dict[str, Every]:
        """The jobs that run every few seconds or minutes, and catch nothing up."""
        return {t.name: t.schedule for t in self.tasks.values() if isinstance(t.schedule, Every)}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run that is to be made now."""

    task: Task
    window: Due
    number: int

    @property
    def order(self) -> tuple[datetime, str]:
        """Oldest first; of what is due at the same instant, by name."""
        return self.window.due, self.task.name


def oldest(tasks: Iterable[Task], plan: Plan, ledger: Ledger, now: datetime, version: str) -> Attempt | None:
    """Of all that the tasks have due, what was due first."""
    found = [attempt for task in tasks if (attempt := next_attempt(task, plan, ledger, now, version))]
    return min(found, key=lambda attempt: attempt.order, default=None)


def next_attempt(task: Task, plan: Plan, ledger: Ledger, now: datetime, version: str) -> Attempt | None:
    """The oldest window of a job that is due and not settled.

    While a failed window waits for its next attempt, later ones wait with it. What became due longer ago than
    `catch_up` is noted as skipped, in one row. A changed schedule or zone has no windows before the change.
    """
    stands = ledger.standing(task.name, task.text, plan.zone.key, now)
    if stands.waiting is not None:
        return _again(task, stands.waiting, plan, now)
    after = max(stands.since, stands.settled_until or stands.since)
    horizon = now - timedelta(seconds=plan.settings.catch_up)
    if after < horizon:
        if task.catch_up:
            _skip(task, plan, ledger, after, horizon, now, version)
        after = horizon
    windows = task.schedule.between(after, now, plan.zone)
    for window in windows if task.catch_up else deque(windows, maxlen=1):
        if not ledger.attempts(task.name, window.start, window.end):
            return Attempt(task, window, 1)
    return None


def unsettled_before(tasks: Iterable[Task], plan: Plan, ledger: Ledger, due: datetime, version: str) -> bool:
    """Whether any of the tasks has a window, due by an instant, that is running or still to be made."""
    running = {run.job for run in ledger.unfinished() if run.due is not None and run.due <= due}
    for task in tasks:
        waiting = ledger.standing(task.name, task.text, plan.zone.key, due).waiting
        if task.name in running or waiting is not None:
            return True
        if next_attempt(task, plan, ledger, due, version) is not None:
            return True
    return False


def _as_set(text: str, config: Config) -> str:
    """`every collect.every` is as often as that setting says; `after 30 collect.every` as often as 30 of it fit."""
    match text.split():
        case ["every", setting] if (seconds := _seconds(setting, config)) is not None:
            return f"every {seconds:g}s"
        case ["after", count, setting] if count.isdecimal() and (seconds := _seconds(setting, config)) is not None:
            minutes = max(m for m in _WHOLE_MINUTES if m == 1 or 60 * m <= int(count) * seconds)
            return f"cron */{minutes} * * * *"
        case _:
            return text


def _seconds(setting: str, config: Config) -> float | None:
    section, _, key = setting.rpartition(".")
    seconds = getattr(config.sections.get(section), key, None)
    return seconds if isinstance(seconds, float) else None


def _again(task: Task, run: Run, plan: Plan, now: datetime) -> Attempt | None:
    assert run.due is not None  # noqa: S101 - only scheduled runs are retried
    assert run.retry_at is not None  # noqa: S101
    # a retry that was set while the clock was ahead must not wait until then
    if now < run.retry_at <= now + timedelta(seconds=plan.settings.retry_after):
        return None
    return Attempt(task, Due(run.window_start, run.window_end, run.due), run.attempt + 1)


def _skip(
    task: Task, plan: Plan, ledger: Ledger, after: datetime, horizon: datetime, now: datetime, version: str
) -> None:
    first, last, count = None, None, 0
    for window in task.schedule.between(after, horizon, plan.zone):
        first, last, count = first or window, window, count + 1
    if first is None or last is None:
        return
    run = ledger.claim(task.name, first.start, last.end, due=last.due, attempt=1, started=now, version=version)
    if run is not None:
        days = plan.settings.catch_up / 86_400
        detail = f"{count} windows were due more than {days:g} days ago ([schedule] catch_up)"
        ledger.finish(run, Ended("skipped", 0.0, detail=detail, cause="catch_up"))
