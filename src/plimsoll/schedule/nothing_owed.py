"""A job that owes nothing in a window needs no process for it: one quick look settles the window."""

import time
from collections.abc import Callable

from plimsoll.clock import Clock
from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.schedule.owed import Attempt
from plimsoll.schedule.run_process import Execute, Limits

NOTHING_OWED = "nothing was owed"


def unless_nothing_is_owed(project: Project, clock: Clock, execute: Execute) -> Execute:
    """Carries out what a job owes, and settles at once what it does not; a look that fails leaves it to the process."""

    def carry_out(attempt: Attempt, limits: Limits, stopping: Callable[[], bool]) -> RunResult:
        began = time.monotonic()
        if _owes_nothing(project, clock, attempt):
            return RunResult("success", time.monotonic() - began, NOTHING_OWED)
        return execute(attempt, limits, stopping)

    return carry_out


def _owes_nothing(project: Project, clock: Clock, attempt: Attempt) -> bool:
    try:
        owes = project.job(attempt.task.name).owes
        if owes is None:
            return False
        window = attempt.window
        return not owes(context(project, clock=clock, as_of=window.end, start=window.start))
    except Exception:  # noqa: BLE001 - a job is anybody's code; its process says what is wrong with it
        return False
