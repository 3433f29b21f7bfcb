"""What is wrong with the jobs of a project, a line each, with what to do."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from plimsoll.clock import rfc3339
from plimsoll.ledger import Run
from plimsoll.project import Project
from plimsoll.schedule.owed import Owed, owed
from plimsoll.schedule.plan import Plan, Task

_LOST_IS_TOLD: Final = timedelta(days=1)
_A_MINUTE: Final = timedelta(minutes=1)


def of_jobs(project: Project, plan: Plan, now: datetime, *, grace: timedelta) -> list[str]:
    """Jobs that are due and not made, and failures that nothing has settled; `grace` is how late a job may be."""
    windowed = plan.all_windowed()
    standings = project.ledger.standings([task.name for task in windowed], now)
    found = [
        line for task in windowed if (line := _late(task, owed(task, plan, standings[task.name], now), now, grace))
    ]
    return [*found, *_failed(project, plan, now)]


def _late(task: Task, one: Owed, now: datetime, grace: timedelta) -> str | None:
    if one.failed is not None:
        run = one.failed
        return f"{task.name}: attempt {run.attempt} at {_window(run)} failed: {run.detail}; it will be tried again"
    if one.running is not None:
        since = one.running.started
        if now - since <= grace + _A_MINUTE:
            return None
        return f"{task.name}: has been running since {rfc3339(since)}, longer than [schedule] deadline; look at the log"
    if one.since is None or now - one.since <= grace:
        return None
    return (
        f"{task.name}: due since {rfc3339(one.since)} and not made; the log of plimsoll up says why; or: plimsoll tick"
    )


def _failed(project: Project, plan: Plan, now: datetime) -> Iterator[str]:
    """The newest failure of each job since it last ended well, and windows that were given up within a day."""
    lost: dict[str, list[Run]] = {}
    for run in project.ledger.failures(now - _LOST_IS_TOLD):
        task = plan.tasks.get(run.job)
        if task is not None and task.catch_up and not project.ledger.made_since(run):
            lost.setdefault(run.job, []).append(run)
    for job in plan.tasks:
        runs = project.ledger.failing(job)
        known = {run.id for run in runs}
        runs += [run for run in lost.get(job, []) if run.id not in known]
        if runs:
            more = f" (and {len(runs) - 1} more)" if len(runs) > 1 else ""
            yield f"{job}: {_window(runs[0])} {runs[0].outcome}: {runs[0].detail}{more}; {_what_to_do(runs[0])}"


def _what_to_do(run: Run) -> str:
    if run.outcome == "skipped":
        return "for one of them: plimsoll run " + f"{run.job} --as-of INSTANT"
    return f"to make it again: plimsoll run {run.job} --as-of {rfc3339(run.window_end)}"


def _window(run: Run) -> str:
    if run.window_start == run.window_end:
        return f"the run for {rfc3339(run.window_end)}"
    return f"window {rfc3339(run.window_start)} to {rfc3339(run.window_end)}"
