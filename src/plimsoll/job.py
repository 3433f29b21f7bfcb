"""Jobs: what runs, when. A job file reads like a recipe; everything it may use is in its `Context`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from plimsoll.answers.sources import Sources
from plimsoll.clock import Clock
from plimsoll.config import Config
from plimsoll.lake import Lake

Lane = Literal["analysing", "reporting"]


@dataclass(frozen=True, slots=True)
class Context:
    """The rooms of the house, wired for one run of one job.

    `as_of` is the instant that the run is for: the end of its window. Everything is read as of then.
    """

    config: Config
    lake: Lake
    data: Path
    templates: Sequence[Path]
    clock: Clock
    as_of: datetime
    version: str

    def sources(self) -> Sources:
        """One state of the lake as of the run's instant."""
        return Sources(self.lake.snapshot(), self.config, self.as_of)

    @property
    def published(self) -> Path:
        """Where documents and reports are published."""
        return self.data / "published"


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its schedule (`every 30s`, `hourly`, `daily 07:00`, `mon 06:00`), what it does, and its first sentence.

    What is in the lane `reporting` waits until everything in `analysing` that was due before has been done.
    """

    schedule: str
    run: Callable[[Context], None]
    lane: Lane = "analysing"

    @property
    def summary(self) -> str:
        """The first line of the job's docstring."""
        return (self.run.__doc__ or "").strip().split("\n")[0]


def job(*, schedule: str, lane: Lane = "analysing") -> Callable[[Callable[[Context], None]], Job]:
    """Marks the one function of a job file; the job's name is the file's name."""

    def mark(run: Callable[[Context], None]) -> Job:
        return Job(schedule, run, lane)

    return mark
