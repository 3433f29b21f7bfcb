"""The plan: the jobs of a project with their schedules, in one zone, under one set of settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from plimsoll.config import Config
from plimsoll.config.engine import Plimsoll, Scheduler, zone
from plimsoll.errors import ConfigError, PlimsollError
from plimsoll.project import Project
from plimsoll.project.context import Lane
from plimsoll.schedule.schedules import Every, Schedule, parse

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
        """Reads the project; a mistake in its config or in a job raises, and a caller that had a plan keeps it."""
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

    def all_windowed(self) -> list[Task]:
        """The jobs of every lane that have windows in the ledger."""
        return [t for t in self.tasks.values() if not isinstance(t.schedule, Every)]

    def stepping(self) -> dict[str, Every]:
        """The jobs that run every few seconds or minutes, and catch nothing up."""
        return {t.name: t.schedule for t in self.tasks.values() if isinstance(t.schedule, Every)}


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
