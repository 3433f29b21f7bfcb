"""Projects and engines for tests of the scheduler: jobs that do nothing, runs that are only noted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from pathlib import Path

from plimsoll.config.engine import Scheduler, zone
from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.project.context import Lane
from plimsoll.schedule.engine import Engine
from plimsoll.schedule.log import logger
from plimsoll.schedule.owed import Attempt
from plimsoll.schedule.plan import Plan, Task
from plimsoll.schedule.run_process import Limits
from plimsoll.schedule.schedules import parse
from tests.clocks import OwnedClock


@dataclass(slots=True)
class Notes:
    """Stands in for the worker processes: notes each attempt, takes `seconds` of the clock, ends as it is told."""

    clock: OwnedClock
    seconds: float = 0.0
    endings: dict[str, list[RunResult]] = field(default_factory=dict[str, list[RunResult]])
    made: list[tuple[str, datetime, datetime]] = field(default_factory=list[tuple[str, datetime, datetime]])
    at: list[datetime] = field(default_factory=list[datetime])

    def __call__(self, attempt: Attempt, limits: Limits, stopping: Callable[[], bool]) -> RunResult:
        """One attempt."""
        assert limits.deadline_s > 0
        assert not stopping()
        self.made.append((attempt.task.name, attempt.window.start, attempt.window.end))
        self.at.append(self.clock.now())
        self.clock.advance(self.seconds)
        waiting = self.endings.get(attempt.task.name)
        return waiting.pop(0) if waiting else RunResult("success", self.seconds)

    def windows(self, name: str) -> list[tuple[datetime, datetime]]:
        """The windows of a job, in the order in which they were made."""
        return [(start, end) for job, start, end in self.made if job == name]


def plan(
    jobs: Mapping[str, str], *, at: str = "UTC", reporting: tuple[str, ...] = (), settings: Scheduler | None = None
) -> Plan:
    """A plan of jobs by their schedules."""

    def lane(name: str) -> Lane:
        return "reporting" if name in reporting else "analysing"

    tasks = {name: Task(name, text, parse(text), lane(name)) for name, text in jobs.items()}
    return Plan(tasks, zone(at), settings or Scheduler.model_validate({}))


def engine(project: Project, clock: OwnedClock, made: Plan, notes: Notes | None = None) -> tuple[Engine, Notes]:
    """An engine over a project's ledger that has begun, and the notes of what it made."""
    noted = notes or Notes(clock)
    started = Engine(project, clock, noted, logger(out=StringIO()), made)
    started.begin()
    return started, noted


def write_job(project: Project, name: str, schedule: str, body: str, *, lane: str = "analysing") -> Path:
    """A job file of the project's own."""
    folder = project.root / "jobs"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(
        "import os, sys, time\nfrom pathlib import Path\n\nfrom plimsoll import Context, job\n\n\n"
        f'@job(schedule="{schedule}", lane="{lane}")\n'
        f'def {name}(context: Context) -> None:\n    """A test\'s job."""\n    {body}\n',
        encoding="utf-8",
    )
    return path
