"""Attempts in processes of their own: every way in which one can end is an outcome in the ledger, and none hurts us."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.ledger import RunResult
from plimsoll.project import Project
from plimsoll.schedule.owed import Attempt
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.run_process import Limits, subprocess_executor
from plimsoll.schedule.schedules import Due
from tests.schedules import write_job

START = datetime(2026, 1, 16, tzinfo=UTC)
ROOMY = Limits(deadline_s=60.0, memory_bytes=4_000_000_000)


def _go_on() -> bool:
    return False


def _run(
    project: Project, body: str, limits: Limits = ROOMY, stopping: Callable[[], bool] = _go_on, number: int = 1
) -> RunResult:
    write_job(project, "work", "hourly", body)
    task = Plan.load(project).tasks["work"]
    window = Due(START, START + timedelta(hours=1), START + timedelta(hours=1))
    return subprocess_executor(project.root)(Attempt(task, window, number), limits, stopping)


def test_a_run_knows_its_window_and_what_it_cost(project: Project) -> None:
    """The job sees the end of its window as its instant; seconds, CPU and memory are the kernel's figures."""
    ended = _run(project, "context.data.mkdir(); (context.data / 'x').write_text(str(context.as_of)); print('noise')")
    assert (ended.outcome, ended.cause, ended.detail) == ("success", None, "")
    assert (project.data / "x").read_text(encoding="utf-8") == "2026-01-16 01:00:00+00:00"
    assert ended.cpu_s is not None
    assert 0 < ended.cpu_s < 60
    assert ended.max_rss_bytes is not None
    assert ended.max_rss_bytes > 10_000_000


@pytest.mark.parametrize(
    ("body", "cause", "detail"),
    [
        ("raise ValueError('no luck\\x1b[2J')", "error", r"ValueError: no luck\x1b[2J"),
        ("from plimsoll.errors import TemporaryError; raise TemporaryError('later')", "error", "later"),
        ("os._exit(3)", "error", "ended with exit code 3 and said nothing"),
        ("os.kill(os.getpid(), 9)", "signal", "ended by signal 9 (SIGKILL)"),
        ("os.kill(os.getpid(), 11)", "signal", "ended by signal 11 (SIGSEGV)"),
    ],
)
def test_every_failure_is_told(project: Project, body: str, cause: str, detail: str) -> None:
    """F52: a crash, an exit, a signal and an exception each leave one line."""
    ended = _run(project, body)
    assert (ended.outcome, ended.cause, ended.detail) == ("failed", cause, detail)


def test_a_run_that_hangs_is_ended_at_its_deadline(project: Project) -> None:
    """And with it everything that it started."""
    body = (
        "import subprocess; p = subprocess.Popen(['sleep', '600']); context.data.mkdir();"
        " (context.data / 'pid').write_text(str(p.pid)); time.sleep(600)"
    )
    ended = _run(project, body, Limits(deadline_s=8.0, memory_bytes=4_000_000_000))
    assert (ended.outcome, ended.cause) == ("failed", "deadline")
    assert ended.detail == "took longer than 8 s and was ended ([schedule] deadline)"
    assert _gone(int((project.data / "pid").read_text(encoding="utf-8")))


def test_a_run_that_holds_too_much_memory_is_ended(project: Project) -> None:
    """The limit is what it holds, not what it reserves."""
    ended = _run(project, "x = bytearray(600_000_000); time.sleep(600)", Limits(60.0, 300_000_000))
    assert (ended.outcome, ended.cause) == ("failed", "memory")
    assert ended.detail == "held more than 300 MB and was ended ([schedule] memory_limit_mb)"


def test_a_second_attempt_needs_less_memory(project: Project) -> None:
    """F52: it is made with one thread of the engine."""
    ended = _run(project, "assert os.environ['POLARS_MAX_THREADS'] == '1'", number=2)
    assert ended.outcome == "success"


def test_a_worker_dies_with_its_parent(project: Project) -> None:
    """A worker whose parent is not there any more does not even begin."""
    write_job(project, "work", "hourly", "(context.data / 'x').touch()")
    words = [sys.executable, "-m", "plimsoll.schedule.worker", "1", str(project.root), "window", "work"]
    done = subprocess.run(
        [*words, "2026-01-16T00:00:00Z", "2026-01-16T01:00:00Z"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "the parent is gone" in done.stderr
    assert not project.data.exists()


def _gone(pid: int) -> bool:
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False
