"""The short steps: jobs of `every ...`, each on its own thread of one process, on the monotonic hand of the clock.

A step that comes late is one step late, never a burst. Each job keeps what it holds from step to step.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from plimsoll.clock import Clock
from plimsoll.errors import PlimsollError, shown
from plimsoll.ledger import Ledger
from plimsoll.project import Project
from plimsoll.project.context import Context, Job
from plimsoll.project.runner import context
from plimsoll.schedule.plan import Plan

BEAT_S: Final = 10.0
STOP_WITHIN_S: Final = 4.0


@dataclass(slots=True)
class IntervalJob:
    """One job of short steps."""

    name: str
    job: Job
    step_s: float
    wired: Context
    ledger: Ledger
    say: Callable[[str], None]
    _next: float = 0.0
    _beaten: float = float("-inf")
    _runs: int = 0
    _failures: int = 0
    _detail: str = ""
    _was_failing: bool = field(default=False)

    def step(self) -> None:
        """Runs the job once, for now; a failure is counted and reported, and the next step comes as usual."""
        clock = self.wired.clock
        now, began = clock.now(), clock.monotonic()
        failed = False
        try:
            self.job.run(replace(self.wired, as_of=now))
        except PlimsollError as error:
            failed, self._detail = True, shown(error)
        except Exception as error:  # noqa: BLE001 - a job is anybody's code, and one failure must not end the steps
            failed, self._detail = True, shown(f"{type(error).__name__}: {error}")
        for line in self.wired.source_news():
            self.say(line)
        self._runs += 1
        self._failures += failed
        try:
            self._tell(now, failed=failed)
        except PlimsollError as error:
            # reading goes on without a ledger; the beats that could not be written are reported with the next one
            self.say(f"{self.name}: {error}")
        # the next full step of the monotonic hand after now: a late step is not made up for
        self._next = began + self.step_s * max(1, -(-(clock.monotonic() - began) // self.step_s))

    def wait(self) -> float:
        """Seconds until the next step."""
        return max(0.0, self._next - self.wired.clock.monotonic())

    def _tell(self, now: datetime, *, failed: bool) -> None:
        """A row in the ledger every ten seconds, and at once when success turns to failure or back."""
        mono = self.wired.clock.monotonic()
        if mono - self._beaten < BEAT_S and failed == self._was_failing:
            return
        detail = self._detail if failed else ""
        self.ledger.beat(self.name, now, runs=self._runs, failures=self._failures, detail=detail)
        self._beaten, self._was_failing, self._runs, self._failures = mono, failed, 0, 0


def steppers(project: Project, clock: Clock, say: Callable[[str], None]) -> list[IntervalJob]:
    """Every job of short steps of a project, ready to go."""
    plan = Plan.load(project)
    return [
        IntervalJob(name, project.job(name), schedule.step_s, context(project, clock=clock), project.ledger, say)
        for name, schedule in plan.stepping().items()
    ]


def step_until(
    stop: threading.Event, project: Project, clock: Clock, *, beat: Callable[[str], None], say: Callable[[str], None]
) -> None:
    """Runs every stepper on a thread of its own until asked to stop; `beat` is called for each step that was made."""

    def go(stepper: IntervalJob) -> None:
        while not stop.wait(stepper.wait()):
            stepper.step()
            beat(stepper.name)

    steps = steppers(project, clock, say)
    threads = [threading.Thread(target=go, args=(s,), name=s.name, daemon=True) for s in steps]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(STOP_WITHIN_S)
    for stepper in steps:
        stepper.wired.close(for_good=True)
