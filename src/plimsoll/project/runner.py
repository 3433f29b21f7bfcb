"""Runs one job: wires its context, records the run in the ledger, and lets no failure pass in silence."""

from collections.abc import Callable
from datetime import datetime

from plimsoll.clock import Clock
from plimsoll.errors import PlimsollError, shown
from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.project.context import Context
from plimsoll.queries.context import ProgressCallback, no_progress
from plimsoll.version import __version__


def context(
    project: Project,
    *,
    clock: Clock,
    as_of: datetime | None = None,
    start: datetime | None = None,
    on_progress: ProgressCallback = no_progress,
) -> Context:
    """Everything that a job may use, as of an instant (now, if none is given), for a window that begins at `start`."""
    return Context(
        config=project.config(),
        lake=project.lake,
        data=project.data,
        templates=project.templates(),
        clock=clock,
        as_of=as_of or clock.now(),
        version=__version__,
        on_progress=on_progress,
        start=start,
    )


def run_job(
    project: Project,
    name: str,
    *,
    clock: Clock,
    as_of: datetime | None = None,
    on_progress: ProgressCallback = no_progress,
) -> None:
    """Runs the job `name`, now or as of an instant; what it raises is recorded and raised again."""
    job = project.job(name)
    wired = context(project, clock=clock, as_of=as_of, on_progress=on_progress)
    try:
        recorded(project, name, wired, lambda: job.run(wired))
    finally:
        wired.close(for_good=False)


def recorded(project: Project, name: str, wired: Context, action: Callable[[], None]) -> None:
    """One action with its row in `runs`."""
    started = wired.clock.monotonic()
    run = project.ledger.begin(name, wired.as_of, wired.as_of, started=wired.clock.now(), version=wired.version)
    try:
        action()
    except BaseException as error:
        text = str(error) if isinstance(error, PlimsollError) else f"{type(error).__name__}: {error}"
        seconds = wired.clock.monotonic() - started
        project.ledger.finish(run, RunResult("failed", seconds, detail=shown(text), cause="error"))
        raise
    project.ledger.finish(run, RunResult("success", wired.clock.monotonic() - started))
