"""Jobs: what runs, when. A job file reads like a recipe; everything it may use is in its `Context`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from plimsoll.clock import Clock
from plimsoll.config import Config
from plimsoll.fleet.prices import read_prices
from plimsoll.lake import Lake
from plimsoll.ledger import Ledger
from plimsoll.queries.context import ProgressCallback, QueryContext, no_progress

if TYPE_CHECKING:
    from plimsoll.collectors.session import Collecting

__all__ = ["Context", "Job", "Lane", "ProgressCallback", "job"]
Lane = Literal["alerting", "analysing", "reporting"]


def _none_open() -> "list[Collecting]":
    return []


@dataclass(frozen=True, slots=True)
class Context:
    """What one run of one job uses: config, lake, data folder, templates, clock.

    `as_of` is the instant that the run is for: the end of its window. Everything is read as of then. `start` is where
    the window begins, None where a person asked for the run. `on_progress` receives progress updates.
    """

    config: Config
    lake: Lake
    data: Path
    templates: Sequence[Path]
    clock: Clock
    as_of: datetime
    version: str
    on_progress: ProgressCallback = no_progress
    start: datetime | None = None
    _open: "list[Collecting]" = field(default_factory=_none_open)

    def collecting(self) -> "Collecting":
        """The open sources; a job of short steps finds them open again, so that counters become rates."""
        from plimsoll.collectors.session import MEMORY, Collecting

        if not self._open:
            self._open.append(Collecting(self.config, self.data.parent / "mappings", self.data / MEMORY))
        return self._open[0]

    def source_news(self) -> list[str]:
        """The sources that began to fail or answer again since this was last asked."""
        return [line for collecting in self._open for line in collecting.take_news()]

    def close(self, *, for_good: bool) -> None:
        """Closes what was opened; `for_good` says that no reading is to be expected from now on."""
        while self._open:
            collecting = self._open.pop()
            if for_good:
                collecting.end(self.clock.now())
                collecting.flush(self.lake)
            collecting.close()

    def sources(self, *, proven: bool = True) -> QueryContext:
        """One state of the lake as of the run's instant; `proven`: every file is proven before it is used."""
        ledger, snapshot = self.ledger, self.lake.snapshot(proven=proven)
        prices = read_prices(self.config, self.data.parent, self.as_of)
        return QueryContext(
            snapshot,
            self.config,
            self.as_of,
            ledger.alerts,
            verdicts=ledger.verdicts,
            outcomes=ledger.outcomes,
            prices=prices,
            on_progress=self.on_progress,
            rules_folder=self.data.parent / "rules",
        )

    @property
    def ledger(self) -> Ledger:
        """The project's ledger: its runs, alerts, outbox, feedback, outcomes and forecasts."""
        return Ledger.of(self.data)

    @property
    def published(self) -> Path:
        """Where documents and reports are published."""
        return self.data / "published"


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its schedule (`every 30s`, `hourly`, `daily 07:00`, `mon 06:00`), what it does, and its first sentence.

    What is in the lane `reporting` waits until everything in `analysing` that was due before has been done; what is in
    `alerting` waits for neither, so that a long analysis keeps no alert from people. Without `catch_up` only the last
    of several missed windows is made. A host that only collects does what is `on_collectors`. `owes` is a quick look,
    made by the scheduler itself, that changes nothing: where it says no, the window is settled without a process.
    """

    schedule: str
    run: Callable[[Context], None]
    lane: Lane = "analysing"
    catch_up: bool = True
    on_collectors: bool = False
    owes: Callable[[Context], bool] | None = None

    @property
    def summary(self) -> str:
        """The first line of the job's docstring."""
        return (self.run.__doc__ or "").strip().split("\n")[0]


def job(
    *,
    schedule: str,
    lane: Lane = "analysing",
    catch_up: bool = True,
    on_collectors: bool = False,
    owes: Callable[[Context], bool] | None = None,
) -> Callable[[Callable[[Context], None]], Job]:
    """Marks the one function of a job file; the job's name is the file's name."""

    def mark(run: Callable[[Context], None]) -> Job:
        return Job(schedule, run, lane, catch_up, on_collectors, owes)

    return mark
