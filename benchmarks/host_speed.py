"""What one reading of this machine costs, against bare reads of the same files of /proc and the same statvfs.

python benchmarks/host_speed.py
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from plimsoll.collectors.contract import Identity
from plimsoll.collectors.host import HostReader, Settings

ROUNDS, REPEATS = 200, 3
FILES = ("stat", "meminfo", "vmstat", "diskstats", "net/dev", "net/snmp", "loadavg", "self/mounts")


def bare(mounts: list[str]) -> None:
    """The bytes alone."""
    for name in FILES:
        path = Path("/proc") / name
        if path.exists():
            path.read_bytes()
    for mount in mounts:
        os.statvfs(mount)


def main() -> None:
    """Prints CPU milliseconds a reading, and their ratio: the best of three rounds of each."""
    mounts = [one.mountpoint for one in psutil.disk_partitions(all=False)]
    reader = HostReader(Settings.model_validate({}), Identity("here", "here", "cluster", 30.0))
    start = datetime.now(UTC)
    ours: list[float] = []
    theirs: list[float] = []
    for repeat in range(REPEATS):
        began = time.process_time()
        for n in range(ROUNDS):
            at_s = 30.0 * (repeat * ROUNDS + n)
            reader.read(start + timedelta(seconds=at_s), at_s)
        ours.append(1000 * (time.process_time() - began) / ROUNDS)
        began = time.process_time()
        for _ in range(ROUNDS):
            bare(mounts)
        theirs.append(1000 * (time.process_time() - began) / ROUNDS)
    print("a reading of this machine, CPU ms   bare reads of /proc   ratio (at most 12)")
    print(f"{min(ours):33.3f}{min(theirs):22.3f}{min(ours) / min(theirs):9.2f}")


if __name__ == "__main__":
    main()
