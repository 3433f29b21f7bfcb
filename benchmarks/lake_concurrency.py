"""Two readers and a compactor beside a writer that appends flat out: errors, and reads that miss an acknowledged row.

python benchmarks/lake_concurrency.py [--seconds 12]

Every part is a process of its own. The writer says how many rows are acknowledged; a reader notes that number, reads,
and must find at least as many rows, each once.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plimsoll.errors import AlreadyLocked
from plimsoll.lake import Lake
from plimsoll.tables import SAMPLES

START = datetime(2026, 1, 5, tzinfo=UTC)
BATCH = 100


def write(root: Path, until: float) -> None:
    """Appends batch after batch; the file beside the lake tells how many rows are acknowledged."""
    lake, batches, waits = Lake(root), 0, [0.0]
    told = root.with_suffix(".acknowledged")
    while time.monotonic() < until:
        at, before = START + timedelta(seconds=batches), time.perf_counter()
        rows = [
            {"ts": at, "resource_id": f"r{n:03d}", "device": "", "source": "b", "cpu_utilization_pct": 1.0}
            for n in range(BATCH)
        ]
        lake.append(SAMPLES, rows, collector="b")
        waits.append(time.perf_counter() - before)
        batches += 1
        beside = told.with_suffix(".tmp")
        beside.write_text(str(batches * BATCH))
        beside.rename(told)
    print(batches, max(waits))


def read(root: Path, until: float) -> None:
    """Counts rows again and again; prints reads, median seconds of one, errors, reads that miss or double a row."""
    told, errors, wrong, took = root.with_suffix(".acknowledged"), 0, 0, [0.0]
    while time.monotonic() < until:
        try:
            known = int(told.read_text()) if told.exists() else 0
            before = time.perf_counter()
            rows = Lake(root).snapshot().scan(SAMPLES, columns=["ts", "resource_id"]).collect()
            took.append(time.perf_counter() - before)
            wrong += rows.height < known or rows.is_duplicated().any()
        except Exception as error:  # noqa: BLE001 - counted, whatever it is
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            errors += 1
    print(len(took) - 1, statistics.median(took), errors, wrong)


def compact(root: Path, until: float) -> None:
    """Compacts every half second, with so short a grace that files vanish while readers are about."""
    lake, passes, took = Lake(root), 0, [0.0]
    while time.monotonic() < until:
        before = time.perf_counter()
        try:
            lake.compact(now=datetime.now(UTC), grace_s=3.0)
        except AlreadyLocked:
            continue
        took.append(time.perf_counter() - before)
        passes += 1
        time.sleep(0.5)
    print(passes, max(took))


def main() -> int:
    """The table; 1 where anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--root", type=Path)
    given = parser.parse_args()
    until = time.monotonic() + given.seconds
    if given.part:
        PARTS[given.part](given.root, until)
        return 0
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as folder:
        root = Path(folder) / "lake"
        command = [sys.executable, __file__, "--seconds", str(given.seconds), "--root", str(root)]
        running = {
            name: subprocess.Popen([*command, "--part", name.split()[0]], stdout=subprocess.PIPE, text=True)
            for name in ("write", "compact", "read 1", "read 2")
        }
        told = {name: [float(word) for word in child.communicate()[0].split()] for name, child in running.items()}
    reads = [told["read 1"], told["read 2"]]
    errors, wrong = (int(sum(one[n] for one in reads)) for n in (2, 3))
    print(f"{'appends of 100 rows, acknowledged':<70} {told['write'][0]:8.0f}")
    print(f"{'longest append / longest compaction beside it':<70} {told['write'][1] / told['compact'][1]:8.2f}")
    print(f"{'compactions':<70} {told['compact'][0]:8.0f}")
    print(f"{'reads of two readers':<70} {sum(one[0] for one in reads):8.0f}")
    print(f"{'errors':<70} {errors:8d}")
    print(f"{'reads that miss an acknowledged row, or have one twice':<70} {wrong:8d}")
    return 1 if errors or wrong else 0


PARTS = {"write": write, "read": read, "compact": compact}

if __name__ == "__main__":
    sys.exit(main())
