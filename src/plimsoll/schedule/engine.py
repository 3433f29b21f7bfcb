"""The engine: makes what is due, window by window, and writes every end into the ledger. Ticks come from outside."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plimsoll.clock import Clock
from plimsoll.errors import PlimsollError
from plimsoll.ledger import Ledger, Run, RunResult
from plimsoll.project import Project
from plimsoll.project.context import Lane
from plimsoll.schedule.changed import begins
from plimsoll.schedule.clock_watch import FILE, TOLERATED_S, Step, Watch
from plimsoll.schedule.log import Log
from plimsoll.schedule.owed import Owed, oldest, owed_by_all, settled
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.run_process import Execute, Limits
from plimsoll.version import __version__

LANES: Final[tuple[Lane, ...]] = ("alerting", "analysing", "reporting")
"""Each makes one window at a time, beside the others."""
INTERRUPTIONS: Final = 10
"""So often may our own end cut a window off; a job that takes the machine down with it must not go on for ever."""
_NOT_ITS_FAULT: Final = "interrupted"


@dataclass(slots=True)
class Engine:
    """What is due for one project; its driver owns the project."""

    project: Project
    clock: Clock
    execute: Execute
    log: Log
    plan: Plan
    stopping: threading.Event = field(default_factory=threading.Event)
    paused: bool = False
    watch: Watch | None = None
    _claiming: threading.Lock = field(default_factory=threading.Lock)
    _running: set[int] = field(default_factory=set[int])

    @property
    def ledger(self) -> Ledger:
        """The project's ledger."""
        return self.project.ledger

    def begin(self) -> None:
        """Takes over from the earlier owner of the project: schedules are registered, dead runs are closed."""
        self.ledger.verify()
        self.watch = Watch(self.clock, self.project.data / FILE, self.ledger.latest_start())
        if self.confirmed_now() is not None:
            self.ledger.void_after(self.clock.now() + timedelta(seconds=TOLERATED_S))
        self._register()
        self._close_dead_runs()

    def confirmed_now(self) -> datetime | None:
        """The time by which may be decided; None while the wall clock is not believed.

        When a time is taken for right that lies before what was made, that was made by a clock that was ahead: it is
        void, and what is really due then is made when its time comes.
        """
        if self.watch is None:
            return None
        if (step := self.watch.look()) is not None:
            self._tell(step)
            if step.settled and step.seconds < 0:
                self.ledger.void_after(self.clock.now())
            if not step.incredible:
                self._register()
        return self.clock.now() if self.watch.confirmed else None

    def _tell(self, step: Step) -> None:
        seconds = round(step.seconds)
        if step.incredible:
            self.log.critical("the clock jumped; nothing is made until it is back or has stayed so", seconds=seconds)
        else:
            self.log.warning("the clock is believed again", seconds=seconds)

    def reload(self) -> bool:
        """Takes a new plan from the project if it is whole; keeps the old one, and says why, if it is not."""
        try:
            self.plan = Plan.load(self.project)
        except PlimsollError as error:
            self.log.warning("config refused, the old one goes on", reason=str(error))
            return False
        self._register()
        self.log.info("config reloaded", jobs=len(self.plan.tasks))
        return True

    def pass_lane(self, lane: Lane, most: int = 1_000) -> int:
        """Makes what a lane has due, oldest first, one at a time; gives how many attempts were made."""
        if self.paused or self.confirmed_now() is None:
            return 0
        self._close_dead_runs()
        made = 0
        while made < most and not self.stopping.is_set() and not self.paused:
            next_one = self._next(lane)
            if next_one is None or not self._make(next_one):
                break
            made += 1
        return made

    def pass_all(self) -> int:
        """Makes everything that is due, in every lane, until nothing is; what `tick` does."""
        total = 0
        while made := sum(self.pass_lane(lane) for lane in LANES):
            total += made
        return total

    def _next(self, lane: Lane) -> Owed | None:
        """What the lane makes next; a report waits until all analysis that was due before it is settled."""
        now, plan = self.confirmed_now(), self.plan
        if now is None:
            return None
        analysing, mine = plan.windowed("analysing"), plan.windowed(lane)
        standings = self.ledger.standings({task.name for task in (*analysing, *mine)}, now)
        first = oldest(owed_by_all(mine, plan, standings, now))
        if lane != "reporting" or first is None or first.since is None:
            return first
        return first if settled(owed_by_all(analysing, plan, standings, now), first.since) else None

    def _make(self, owed: Owed) -> bool:
        """One attempt from its claim to its end in the ledger; False where another process was faster."""
        attempt = owed.attempt
        assert attempt is not None  # noqa: S101 - it is what was chosen
        window, name, now = attempt.window, attempt.task.name, self.clock.now()
        with self._claiming:
            self._settle_older(owed, name, now)
            run = self.ledger.claim(
                name,
                window.start,
                window.end,
                due=window.due,
                attempt=attempt.number,
                started=now,
                version=__version__,
            )
            if run is None:
                return False
            self._running.add(run)
        try:
            ended = self.execute(attempt, Limits.of(self.plan.settings), self.stopping.is_set)
            self._note(run, name, attempt.number, ended)
        finally:
            self._running.discard(run)
        return True

    def _settle_older(self, owed: Owed, name: str, now: datetime) -> None:
        """What is not owed any longer, now that a later window is made."""
        if owed.superseded is not None:
            self.ledger.give_up(owed.superseded.id)
        if (skip := owed.skip) is not None:
            self.ledger.skip(
                name,
                skip.first.start,
                skip.last.end,
                due=skip.last.due,
                started=now,
                ended=skip.ended(self.plan.settings.catch_up),
                version=__version__,
            )

    def _note(self, run: int, job: str, number: int, ended: RunResult) -> None:
        now = self.clock.now()
        if ended.outcome != "failed":
            self.ledger.finish(run, ended)
            self.log.info("done", job=job, outcome=ended.outcome, seconds=round(ended.seconds, 2))
            return
        interrupted = ended.cause == _NOT_ITS_FAULT
        last = number >= (INTERRUPTIONS if interrupted else self.plan.settings.attempts)
        retry_at = None if last else now + timedelta(seconds=0 if interrupted else self.plan.settings.retry_after)
        self.ledger.finish(run, ended, retry_at=retry_at)
        self.log.error("failed" if last else "failed, to be tried again", job=job, attempt=number, detail=ended.detail)

    def _close_dead_runs(self) -> None:
        """Runs of which no end was noted and that no process makes: their process died, or the disk was full then."""
        with self._claiming:
            for run in self.ledger.unfinished():
                if run.id not in self._running:
                    self._close_dead(run)

    def _close_dead(self, run: Run) -> None:
        """No other process may run what is scheduled: such a run is dead, with or without a sign of life."""
        seconds = max(0.0, (self.clock.now() - run.started).total_seconds())
        ended = RunResult("failed", seconds, "its process ended before it was done", _NOT_ITS_FAULT)
        if run.due is not None:
            self._note(run.id, run.job, run.attempt, ended)
        elif run.pid is None or not _alive(run.pid):
            self.ledger.finish(run.id, replace(ended, cause="signal"))

    def _register(self) -> None:
        plan, now = self.plan, self.clock.now()
        before = self.ledger.registered()
        since = begins(plan, before, self.ledger.standings(before, now), now)
        self.ledger.register({t.name: t.text for t in plan.tasks.values()}, plan.zone.key, now, since=since)


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
