"""SIGKILL at random moments of append, compaction, rollup and retention: acknowledged rows lost, doubled, unreadable.

`python -m tests.faults.lake.kill --kills 200` prints the three counts; each kill is of a real process.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plimsoll.lake import Lake, RetentionPolicy
from plimsoll.tables import COLLECTIONS, SAMPLES

START = datetime(2026, 1, 16, tzinfo=UTC)
ROWS = 20
RULES = RetentionPolicy(days={"collections": 31}, reason_to_keep=lambda _table, _day: None)


@dataclass(frozen=True)
class Outcome:
    """What was acknowledged, and what of it was wrong after all the kills."""

    kills: int
    acknowledged: int
    lost: int
    doubled: int
    unreadable: int


def write(root: Path, worker: int) -> None:
    """The child: appends batches for ever, says the number of each once it is acknowledged, compacts now and then."""
    lake, batch = Lake(root), 0
    chance = random.Random(worker)
    while True:
        at = START + timedelta(seconds=10 * batch)
        keys = {"ts": at, "device": "", "source": "kill"}
        rows = [
            {**keys, "resource_id": f"{worker}/{n}", "cpu_utilization_pct": float(batch % 100)} for n in range(ROWS)
        ]
        lake.append(SAMPLES, rows, collector=f"w{worker}")
        os.write(1, f"{batch}\n".encode())
        batch += 1
        if chance.random() < 0.25:
            lake.compact(now=datetime.now(UTC), grace_s=0.0)
        if chance.random() < 0.05:
            lake.append(COLLECTIONS, [_old(worker, batch)], collector=f"w{worker}")
            lake.roll_up(now=at + timedelta(days=1))
            lake.apply_retention(RULES, lake.plan_retention(RULES, now=at).drops, now=at)


def _old(worker: int, batch: int) -> dict[str, object]:
    """A row that retention may drop."""
    at = START - timedelta(days=100 + worker % 50, seconds=batch)
    return {"ts": at, "source": "kill", "target": str(worker), "ok": True}


def run(kills: int, *, seed: int = 1) -> Outcome:
    """Kills one writer after another over one lake; then reads everything back."""
    chance = random.Random(seed)
    acknowledged: set[tuple[int, int]] = set()
    unreadable = 0
    with tempfile.TemporaryDirectory(prefix="plimsoll-kill-") as folder:
        root = Path(folder) / "lake"
        for worker in range(kills):
            command = [sys.executable, "-m", "tests.faults.lake.kill", "--child", str(worker), "--root", str(root)]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
                assert child.stdout is not None
                first = child.stdout.readline()
                time.sleep(chance.uniform(0.0, 0.12))
                child.send_signal(signal.SIGKILL)
                rest = child.stdout.read()
            whole = [line for line in (first + rest).split(b"\n")[:-1] if line]
            acknowledged.update((worker, int(line)) for line in whole)
            if worker % 10 == 0:
                try:
                    Lake(root).snapshot().scan(SAMPLES).collect()
                except Exception as error:  # noqa: BLE001 - counted, whatever it is
                    sys.stderr.write(f"unreadable after kill {worker}: {error}\n")
                    unreadable += 1
        return _count(root, kills, acknowledged, unreadable)


def _count(root: Path, kills: int, acknowledged: set[tuple[int, int]], unreadable: int) -> Outcome:
    lake = Lake(root)
    lake.compact(now=datetime.now(UTC), grace_s=0.0)
    found: dict[tuple[int, int], int] = {}
    for ts, resource_id in lake.snapshot().scan(SAMPLES, columns=["ts", "resource_id"]).collect().iter_rows():
        key = (int(resource_id.split("/")[0]), round((ts - START).total_seconds() / 10))
        found[key] = found.get(key, 0) + 1
    lost = sum(found.get(batch, 0) < ROWS for batch in acknowledged)
    doubled = sum(count > ROWS for count in found.values())
    return Outcome(kills, len(acknowledged) * ROWS, lost, doubled, unreadable)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--child", type=int)
    parser.add_argument("--root", type=Path)
    given = parser.parse_args()
    if given.child is not None:
        write(given.root, given.child)
    else:
        sys.stdout.write(f"{run(given.kills)}\n")


if __name__ == "__main__":
    main()
