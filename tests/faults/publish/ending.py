"""Makes the daily report in this process, which ends without a goodbye at the n-th durable step; prints how many."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plimsoll.ledger.database import Database
from plimsoll.project import Project
from plimsoll.project.runner import context, recorded
from plimsoll.tasks.deliver import publish_and_queue
from plimsoll.tasks.report import daily
from tests.clocks import OwnedClock
from tests.fleets import UNTIL

STEPS = ("fsync", "rename", "link", "unlink", "replace")


def make(root: Path) -> None:
    """The report of one window, published and put into the outbox."""
    project = Project.open(root, here=root)
    wired = context(project, clock=OwnedClock(UNTIL), as_of=UNTIL)
    recorded(project, "daily_report", wired, lambda: publish_and_queue(wired, "daily", daily(wired)))


def _counted(where: Any, name: str, ends_at: int, seen: list[str]) -> None:  # noqa: ANN401
    """Has a function of a module or class counted, and the process ended before its n-th call."""
    real: Callable[..., Any] = getattr(where, name)

    def step(*args: Any, **more: Any) -> Any:  # noqa: ANN401
        seen.append(name)
        if len(seen) == ends_at:
            os._exit(9)
        return real(*args, **more)

    setattr(where, name, step)


if __name__ == "__main__":
    steps: list[str] = []
    for step_name in STEPS:
        _counted(os, step_name, int(sys.argv[2]), steps)
    _counted(Database, "transaction", int(sys.argv[2]), steps)
    make(Path(sys.argv[1]))
    sys.stdout.write(str(len(steps)))
