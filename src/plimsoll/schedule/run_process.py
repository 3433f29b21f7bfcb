"""Carries out one attempt in a process of its own, that can be ended: by its deadline, its memory, or our stop."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plimsoll.clock import rfc3339
from plimsoll.config.engine import Scheduler
from plimsoll.errors import shown
from plimsoll.ledger import RunResult
from plimsoll.schedule.owed import Attempt

STOP_WITHIN_S: Final = 7.0
_POLL_S: Final = 0.05
_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run is ended."""

    deadline_s: float
    memory_bytes: int

    @classmethod
    def of(cls, settings: Scheduler) -> "Limits":
        """The limits that the config sets."""
        return cls(settings.deadline, settings.memory_limit_mb * _MB)


Execute = Callable[[Attempt, Limits, Callable[[], bool]], RunResult]
"""One attempt, its limits, and whether we are to stop -> how it ended. Never raises for what the job did."""


def worker_command(root: Path, *words: str) -> list[str]:
    """The command line of a worker; it ends when this process does."""
    return [sys.executable, "-m", "plimsoll.schedule.worker", str(os.getpid()), str(root), *words]


def subprocess_executor(root: Path) -> Execute:
    """Runs attempts at the project's jobs in new processes (started afresh, never forked)."""

    def execute(attempt: Attempt, limits: Limits, stopping: Callable[[], bool]) -> RunResult:
        words = ("window", attempt.task.name, rfc3339(attempt.window.start), rfc3339(attempt.window.end))
        # a second attempt is made with one thread: what failed for want of memory needs less of it then
        environment = os.environ | ({"POLARS_MAX_THREADS": "1"} if attempt.number > 1 else {})
        return supervised(worker_command(root, *words), environment, limits, stopping)

    return execute


def supervised(
    command: list[str], environment: dict[str, str], limits: Limits, stopping: Callable[[], bool]
) -> RunResult:
    """Runs a worker to its end, or ends it; its last line says how the job ended, the kernel what it cost."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True)
    cause, stop_at, peak = "", None, 0
    try:
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            elapsed = time.monotonic() - began
            peak = max(peak, resident_bytes(process.pid))
            if stop_at is None and stopping():
                stop_at = elapsed + STOP_WITHIN_S
            if not cause:
                cause = _reason_to_end(elapsed, peak, limits, stop_at)
                if cause:
                    end_group(process.pid)
            time.sleep(_POLL_S)
    except BaseException:
        end_group(process.pid)
        raise
    _, status, usage = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with process.stdout as said:
        answer = said.read()
    seconds, cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    outcome, why, detail = _verdict(process.returncode, cause, answer, limits)
    return RunResult(outcome, seconds, detail, why, round(cpu, 3), max(peak, usage.ru_maxrss * 1024))


def end_group(pid: int) -> None:
    """Ends a worker and everything that it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def resident_bytes(pid: int) -> int:
    """The memory that a process holds now; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _reason_to_end(elapsed: float, peak: int, limits: Limits, stop_at: float | None) -> str:
    if peak > limits.memory_bytes:
        return "memory"
    if elapsed > limits.deadline_s:
        return "deadline"
    return "interrupted" if stop_at is not None and elapsed > stop_at else ""


def _verdict(code: int, cause: str, answer: bytes, limits: Limits) -> tuple[str, str | None, str]:
    """(outcome, cause, detail) of a worker that is gone."""
    ours = {
        "memory": f"held more than {limits.memory_bytes // _MB} MB and was ended ([schedule] memory_limit_mb)",
        "deadline": f"took longer than {limits.deadline_s:g} s and was ended ([schedule] deadline)",
        "interrupted": "the scheduler was stopped before it was done",
    }
    if cause:
        return "failed", cause, ours[cause]
    if code < 0:
        return "failed", "signal", f"ended by signal {-code} ({signal.Signals(-code).name})"
    try:
        answered = json.loads(answer.splitlines()[-1])
        outcome, detail = str(answered["outcome"]), shown(answered["detail"])
    except (IndexError, ValueError, KeyError, TypeError):
        return "failed", "error", f"ended with exit code {code} and said nothing"
    return (outcome, None, detail) if outcome in ("success", "partial") else ("failed", "error", detail)
