"""The process in which jobs run: `worker PARENT PROJECT window JOB START END`, or `worker PARENT PROJECT steps`.

It is started afresh, dies with its parent, offers itself first when the machine is out of memory, and says on its last
line of standard output how the job ended.
"""

import json
import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path

from plimsoll.clock import SystemClock, instant
from plimsoll.errors import PlimsollError, shown
from plimsoll.project import Project, builtin_root
from plimsoll.project.runner import context
from plimsoll.schedule.interval_jobs import step_until
from plimsoll.schedule.log import Log, logger
from plimsoll.schedule.secrets import secrets_of
from plimsoll.schedule.with_parent import exit_with_parent


def main(words: list[str]) -> int:
    """Runs one window of a job, or the short steps for ever."""
    parent, root, kind, *rest = words
    exit_with_parent(int(parent))
    offer_first()
    project = Project(Path(root), builtin_root(), collect_only="collect-only" in rest)
    answers = take_standard_output()
    if kind == "steps":
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
        clock = SystemClock()
        step_until(stop, project, clock, beat=lambda name: answer(answers, {"beat": name}), say=_log(project).warning)
        return 0
    job, start, end = rest
    ended = run_window(project, job, instant(start), instant(end))
    answer(answers, ended)
    return 0 if ended["outcome"] == "success" else 1


def _log(project: Project) -> Log:
    return logger(secrets=secrets_of(project.config()))


def run_window(project: Project, job: str, start: datetime, end: datetime) -> dict[str, str]:
    """One window; whatever the job raises is an answer."""
    wired = context(project, clock=SystemClock(), as_of=end, start=start)
    try:
        project.job(job).run(wired)
    except PlimsollError as error:
        return {"outcome": "failed", "detail": shown(error)}
    except Exception as error:  # noqa: BLE001 - a job is anybody's code, and its failure is the answer
        return {"outcome": "failed", "detail": shown(f"{type(error).__name__}: {error}")}
    return {"outcome": "success", "detail": ""}


def offer_first() -> None:
    """When memory runs out, the kernel is to end this process and not the scheduler."""
    adjust = Path("/proc/self/oom_score_adj")
    if os.access(adjust, os.W_OK):
        adjust.write_text("500", encoding="ascii")


def take_standard_output() -> int:
    """Keeps standard output for answers; what a job prints goes to standard error."""
    answers = os.dup(1)
    os.dup2(2, 1)
    return answers


def answer(descriptor: int, ended: dict[str, str]) -> None:
    """One line for the parent."""
    os.write(descriptor, json.dumps(ended).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
