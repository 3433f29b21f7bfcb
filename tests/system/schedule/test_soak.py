"""A soak: `plimsoll up` with everything on, killed and started again and again.

Short by default; `PLIMSOLL_SOAK_S=600` is the ten minutes of which figures are told.
"""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.project import Project
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.run_process import resident_bytes
from plimsoll.tables import SAMPLES
from tests.clocks import OwnedClock
from tests.schedules import engine, write_job

SOAK_S = float(os.environ.get("PLIMSOLL_SOAK_S", "24"))
KILL_EVERY_S = min(60.0, SOAK_S / 4)
MAX_RSS_BYTES = 200_000_000

# reads, waits for the lake's acknowledgement, and only then says so in a file of its own
STEP = """from plimsoll.tables import SAMPLES
    row = {"ts": context.as_of, "resource_id": "soak", "device": "", "source": "soak", "cpu_utilization_pct": 50.0}
    context.lake.append(SAMPLES, [row], collector="soak")
    with open(context.data / "acknowledged", "a") as file:
        file.write(f"{int(context.as_of.timestamp() * 1000)}\\n")"""
WINDOW = """with open(context.data / "windows", "a") as file:
        file.write(f"{context.as_of}\\n")"""


@pytest.mark.long
def test_kills_lose_nothing_and_double_nothing(project: Project) -> None:
    """Every acknowledged sample once, every window once, memory flat, through SIGKILLs of the whole scheduler."""
    write_job(project, "soak", "every 1s", STEP)
    write_job(project, "minutes", "cron * * * * *", WINDOW)
    begin = datetime.now(UTC)
    whole = Plan.load(project)
    only = Plan({name: whole.tasks[name] for name in ("soak", "minutes")}, whole.zone, whole.settings)
    engine(project, OwnedClock(begin - timedelta(minutes=5)), only)
    peaks = _kill_and_restart(project, SOAK_S)

    kept = project.lake.snapshot().scan(SAMPLES, resource_ids=["soak"]).select("ts").collect()["ts"]
    acknowledged = {int(line) for line in _lines(project.data / "acknowledged")}
    stored = kept.dt.epoch("ms").to_list()
    assert len(stored) == len(set(stored))
    assert acknowledged - set(stored) == set()
    assert len(acknowledged) > SOAK_S / 4

    windows = [datetime.fromisoformat(line) for line in _lines(project.data / "windows")]
    runs = [run for end in set(windows) for run in project.ledger.attempts("minutes", end - timedelta(minutes=1), end)]
    assert sorted(set(windows)) == [min(windows) + timedelta(minutes=n) for n in range(len(set(windows)))]
    assert len([run for run in runs if run.outcome == "success"]) == len(set(windows))
    assert max(peaks) < MAX_RSS_BYTES
    print(f"soak {SOAK_S:.0f} s: {len(acknowledged)} acknowledged, {len(stored)} stored,"  # noqa: T201
          f" {len(set(windows))} windows, RSS {[round(p / 1e6) for p in peaks]} MB")  # fmt: skip


def _kill_and_restart(project: Project, seconds: float) -> list[int]:
    """Runs `up` for a while, kills it at the end of each stretch; the last time it is asked to end. Gives peak RSS.

    A stretch begins with its first reading: how long a start takes is the machine's business, and no part of the soak.
    """
    end, peaks = time.monotonic() + seconds, list[int]()
    while (left := end - time.monotonic()) > 0:
        process = subprocess.Popen(
            [sys.executable, "-m", "plimsoll", "up", "--project", str(project.root)], stderr=subprocess.DEVNULL
        )
        began = time.monotonic()
        _wait_for_more(project.data / "acknowledged")
        end += time.monotonic() - began
        stretch, peak = time.monotonic() + min(KILL_EVERY_S, left), 0
        while time.monotonic() < stretch:
            assert process.poll() is None
            peak = max(peak, resident_bytes(process.pid))
            time.sleep(0.2)
        peaks.append(peak)
        process.send_signal(signal.SIGKILL if end - time.monotonic() > 0.5 else signal.SIGTERM)
        process.wait(15)
    return peaks


def _wait_for_more(path: Path, seconds: float = 60.0) -> None:
    size, end = path.stat().st_size if path.exists() else 0, time.monotonic() + seconds
    while not path.exists() or path.stat().st_size == size:
        assert time.monotonic() < end, "nothing is read"
        time.sleep(0.1)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
