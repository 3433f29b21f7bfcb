"""FaultFS: the lake's file operations with a counter; the n-th one fails, tears a file, or ends the process."""

import errno
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plimsoll.errors import PlimsollError
from plimsoll.lake import Lake, RetentionPolicy
from plimsoll.lake.format.files import Files
from plimsoll.tables import COLLECTIONS, SAMPLES

START = datetime(2026, 1, 16, tzinfo=UTC)
LONG_AGO = START - timedelta(days=100)
ROUNDS = 3


class FaultFS(Files):
    """Real files; `how` is the name of an errno, or `exit`."""

    def __init__(self, fails_at: int, how: str) -> None:
        self.count, self.fails_at, self.how = 0, fails_at, how

    def _step(self) -> None:
        self.count += 1
        if self.count == self.fails_at:
            if self.how == "exit":
                os._exit(9)
            number = getattr(errno, self.how)
            raise OSError(number, os.strerror(number))

    def write(self, path: Path, data: bytes) -> None:
        """Tears the file before it fails, and counts the sync inside as an operation of its own."""
        if self.count + 1 == self.fails_at:
            path.write_bytes(data[: len(data) // 2])
        self._step()
        super().write(path, data)
        self._step()

    def rename(self, source: Path, target: Path) -> None:
        """May fail."""
        self._step()
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        """May fail."""
        self._step()
        super().sync_folder(folder)

    def delete(self, path: Path) -> None:
        """May fail."""
        self._step()
        super().delete(path)


def work(root: Path, files: FaultFS) -> list[str]:
    """Appends, compacts, rolls up, retires; gives the ids that were acknowledged. A refusal ends nothing."""
    lake, acknowledged = Lake(root, files=files), list[str]()
    rules = RetentionPolicy(days={"collections": 31}, reason_to_keep=lambda _table, _day: None)
    for number in range(ROUNDS):
        at = START + timedelta(minutes=number)
        row = {"ts": at, "resource_id": str(number), "device": "", "source": "t", "cpu_utilization_pct": 1.0}
        old = {"ts": LONG_AGO + timedelta(days=number), "source": "t", "target": "x", "ok": True}
        try:
            lake.append(COLLECTIONS, [old], collector="t")
            lake.append(SAMPLES, [row], collector="t")
            acknowledged.append(str(number))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            lake.compact(now=at, grace_s=0.0)
            lake.roll_up(now=at + timedelta(days=1))
            lake.apply_retention(rules, lake.plan_retention(rules, now=at).drops, now=at)
        except PlimsollError:
            continue
    return acknowledged


if __name__ == "__main__":
    work(Path(sys.argv[1]), FaultFS(int(sys.argv[2]), "exit"))
