"""What each job owes at an instant: the one definition of a settled window, for every kind of job. Pure.

A window is settled when the last attempt at it has ended and no other is to follow, or when it was skipped. Of what is
due and not settled,

* a job that catches up owes every window that was due within `[schedule] catch_up`, and its newest in any case;
* a job that does not owes its newest window only, also where an attempt at an older one was to be repeated.

What is not owed any longer is skipped: it is settled by one row in the ledger when the next window is made. While an
attempt waits to be repeated, the later windows of a job that catches up wait with it.

The windows of a job that catches up cover every instant exactly once, also where its schedule or zone changes: its next
window begins where the last settled one ended, at most `catch_up` before its own beginning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from plimsoll.ledger import JobProgress, Run, RunResult
from plimsoll.schedule.plan import Plan, Task
from plimsoll.schedule.schedules import Due

NEWEST_ONLY: Final = "newest only"
CATCH_UP: Final = "catch_up"


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


@dataclass(frozen=True, slots=True)
class Skip:
    """Windows that are not owed any longer, from the first to the last; `cause` is catch_up or newest only."""

    first: Due
    last: Due
    count: int
    cause: str

    def ended(self, catch_up_s: float) -> RunResult:
        """How the ledger tells of them."""
        days = catch_up_s / 86_400
        why = {
            CATCH_UP: f"due more than {days:g} days ago ([schedule] catch_up)",
            NEWEST_ONLY: "followed by a newer one before they could be made, and this job makes the newest only",
        }
        windows = "1 window was" if self.count == 1 else f"{self.count} windows were"
        return RunResult("skipped", 0.0, detail=f"{windows} {why[self.cause]}", cause=self.cause)


@dataclass(frozen=True, slots=True)
class Owed:
    """What one job owes.

    `attempt` can be made now; None where a run is going on or waits to be repeated. `unsettled` is the due instant of
    the oldest window that is still to be made or is being made, None where nothing is; `since` the instant from which
    the job has owed something. `failed` is an attempt that waits to be repeated, `superseded` one that will not be.
    """

    attempt: Attempt | None = None
    unsettled: datetime | None = None
    since: datetime | None = None
    skip: Skip | None = None
    running: Run | None = None
    failed: Run | None = None
    superseded: Run | None = None


def owed(task: Task, plan: Plan, standing: JobProgress, now: datetime) -> Owed:
    """What a job owes at an instant."""
    last = standing.open[-1] if standing.open else None
    if last is not None and last.outcome is None:
        return Owed(unsettled=last.due, since=last.due, running=last)
    after = max(standing.since, standing.settled_until or standing.since)
    windows = list(task.schedule.between(after, now, plan.zone))
    if task.catch_up and standing.settled_end is not None:
        windows = _following(windows, standing.settled_end, timedelta(seconds=plan.settings.catch_up))
    if last is not None and last.due is not None:
        newer = [window for window in windows if window.due > last.due]
        if task.catch_up or not newer:
            attempt = _again(task, last, plan, now)
            return Owed(attempt=attempt, unsettled=last.due, since=last.due, failed=last)
        since, windows = last.due, newer
    elif windows:
        since = windows[0].due
    else:
        return Owed()
    skip = _skipped(task, windows, now - timedelta(seconds=plan.settings.catch_up))
    window = windows[skip.count if skip else 0]
    since = window.due if task.catch_up else since
    return Owed(Attempt(task, window, 1), window.due, since, skip, superseded=last)


def owed_by_all(tasks: Iterable[Task], plan: Plan, standings: Mapping[str, JobProgress], now: datetime) -> list[Owed]:
    """What each of the jobs owes."""
    return [owed(task, plan, standings[task.name], now) for task in tasks]


def oldest(owing: Iterable[Owed]) -> Owed | None:
    """Of all that can be made now, what was due first."""
    can = [one for one in owing if one.attempt is not None]
    return min(can, key=lambda one: one.attempt.order if one.attempt else (), default=None)


def settled(owing: Iterable[Owed], until: datetime) -> bool:
    """Whether every window that was due by an instant is settled."""
    return all(one.unsettled is None or one.unsettled > until for one in owing)


def _following(windows: list[Due], end: datetime, most: timedelta) -> list[Due]:
    """Windows of which the first begins where the settled one ended; what lies more than `most` before it is its own.

    They differ from the schedule's own only where that has changed.
    """
    later = [window for window in windows if window.end > end]
    if not later or later[0].start == end:
        return later
    first = later[0]
    begin = max(end, first.start - most)
    too_long_ago = [Due(end, begin, begin)] if begin > end else []
    return [*too_long_ago, replace(first, start=begin), *later[1:]]


def _skipped(task: Task, windows: list[Due], horizon: datetime) -> Skip | None:
    """All but the newest of a job that does not catch up; of one that does, what was due before the horizon."""
    count = sum(window.due < horizon for window in windows[:-1]) if task.catch_up else len(windows) - 1
    if count == 0:
        return None
    return Skip(windows[0], windows[count - 1], count, CATCH_UP if task.catch_up else NEWEST_ONLY)


def _again(task: Task, run: Run, plan: Plan, now: datetime) -> Attempt | None:
    assert run.due is not None  # noqa: S101 - only scheduled runs are repeated
    assert run.retry_at is not None  # noqa: S101 - what has none is settled
    # a repetition that was set while the clock was ahead must not wait until then
    if now < run.retry_at <= now + timedelta(seconds=plan.settings.retry_after):
        return None
    return Attempt(task, Due(run.window_start, run.window_end, run.due), run.attempt + 1)
