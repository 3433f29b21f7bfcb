"""The scheduler's own size, with ten times as many jobs as it ships with."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from plimsoll.project import Project
from plimsoll.schedule.run_process import resident_bytes
from tests.schedules import write_job

MAX_RSS_BYTES, MAX_DESCRIPTORS, MAX_THREADS = 200_000_000, 40, 24


def test_a_hundred_jobs_do_not_make_it_large(project: Project) -> None:
    """Memory, descriptors and threads of the scheduler stay below the bounds that the how-to states."""
    for number in range(100):
        write_job(project, f"job_{number}", "hourly", "pass", lane=("analysing", "reporting")[number % 2])
    process = subprocess.Popen(
        [sys.executable, "-m", "plimsoll", "up", "--project", str(project.root)], stderr=subprocess.DEVNULL
    )
    try:
        heartbeat = project.data / "heartbeat.json"
        end = time.monotonic() + 30
        while not heartbeat.exists():
            assert time.monotonic() < end
            time.sleep(0.1)
        time.sleep(3)
        proc = Path(f"/proc/{process.pid}")
        size = resident_bytes(process.pid), len(list((proc / "fd").iterdir())), len(list((proc / "task").iterdir()))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert size[0] <= MAX_RSS_BYTES
    assert size[1] <= MAX_DESCRIPTORS
    assert size[2] <= MAX_THREADS
