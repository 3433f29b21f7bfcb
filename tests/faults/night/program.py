"""The whole program of a bad night, killed again and again: `plimsoll up --serve`, its workers and its runs."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plimsoll.lake import Lake
from plimsoll.tables import SAMPLES
from tests.faults.night import project
from tests.faults.night.soak import tree

FAKETIME: Final = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
LIVES_S: Final = ((0.5, 8.0), (4.0, 15.0), (10.0, 30.0))
"""How long a life may last: while it starts, in its first reports, and well beyond both."""
_JUMPS_S: Final = (-7200, -60, 90, 1200, 86_400, 3 * 86_400)
_BUG: Final = "a bug in Plimsoll"
_WEATHER: Final = "OSError: [Errno 22] Invalid argument"
_STACK: Final = "Traceback (most recent call last)"


@dataclass
class Program:
    """One life after another of the same project; what happened is counted."""

    root: Path
    chance: random.Random
    lives_s: Sequence[tuple[float, float]] = LIVES_S
    counts: Counter[str] = field(default_factory=Counter[str])
    said: list[str] = field(default_factory=list[str])

    def life(self, post: int, exporters: int) -> None:
        """Starts it, lets it live for a while in some weather, and kills it."""
        chance, memory = self.chance, self.chance.choice((4096, 4096, 250))
        project.configured(self.root, post=post, exporters=exporters, memory=memory)
        jumping = chance.random() < 0.25 and FAKETIME.exists()
        command = [sys.executable, "-m", "plimsoll", "up", "--serve", "--project", str(self.root)]
        with (self.root.parent.parent / "up.log").open("ab") as log:
            up = subprocess.Popen(
                command, stdout=log, stderr=log, env=self._env(jumping=jumping), start_new_session=True
            )
        over = time.monotonic() + chance.uniform(*chance.choice(self.lives_s))
        filled = chance.random() < 0.15
        while time.monotonic() < over and up.poll() is None:
            if filled and time.monotonic() > over - 6:
                filled = False
                self.counts["full disks"] += self._fill()
            if jumping and chance.random() < 0.05:
                self._clock(chance.choice(_JUMPS_S))
                self.counts["clock jumps"] += 1
            if chance.random() < 0.02:
                self._kill_a_part(up.pid)
            time.sleep(0.3)
        self._end(up)

    def _end(self, up: "subprocess.Popen[bytes]") -> None:
        if up.poll() is not None:
            self.counts[f"ended by itself with {up.returncode}"] += 1
        everything = tree(up.pid) if up.poll() is None else []
        if self.chance.random() < 0.5:
            self.counts["kills of the whole program"] += 1
            up.kill()  # what it started has to end by itself
        else:
            self.counts["kills of the whole program"] += 1
            with suppress(ProcessLookupError):
                os.killpg(up.pid, signal.SIGKILL)
        up.wait()
        (self.root / "fill").unlink(missing_ok=True)
        until = time.monotonic() + 15
        left = everything
        while left and time.monotonic() < until:
            left = [pid for pid in everything if _runs(pid)]
            time.sleep(0.1)
        for pid in left:
            self.counts["outlived it by 15 s"] += 1
            self.said.append(f"outlived: {_words(pid)}")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _kill_a_part(self, pid: int) -> None:
        parts = tree(pid)[1:]
        if parts:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(parts), signal.SIGKILL)
                self.counts["kills of a part"] += 1

    def _fill(self) -> int:
        """To the brim, where the disk is a small one of ours."""
        if shutil.disk_usage(self.root).total > 2 * 1024**3:
            return 0
        with suppress(OSError), (self.root / "fill").open("wb") as file:
            while True:
                file.write(b"\0" * 1024**2)
        return 1

    def _env(self, *, jumping: bool) -> Mapping[str, str]:
        if not jumping:
            return os.environ
        self._clock(0)
        told = {"FAKETIME_TIMESTAMP_FILE": str(self.root.parent.parent / "clock"), "FAKETIME_NO_CACHE": "1"}
        keep = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        return {**os.environ, "LD_PRELOAD": str(FAKETIME), **told, **keep}

    def _clock(self, seconds: int) -> None:
        beside = self.root.parent.parent / "clock.new"
        beside.write_text(f"{seconds:+d}")
        beside.replace(self.root.parent.parent / "clock")

    def bugs(self) -> int:
        """Lines of the log that no weather excuses.

        Under libfaketime a sleep that a jump falls into ends with EINVAL, which no kernel says: that is the weather's.
        """
        lines = (self.root.parent.parent / "up.log").read_text(errors="replace").split("\n")
        excused = {at for at, line in enumerate(lines) if line.startswith(_STACK) and _WEATHER in line}
        stacks = sum(line.startswith(_STACK) for line in lines) - len(excused)
        return stacks + sum(_BUG in line and at + 1 not in excused for at, line in enumerate(lines))

    def readable(self) -> bool:
        """Whether readers read, just now."""
        try:
            Lake(self.root / "data" / "lake").snapshot().scan(SAMPLES, columns=["ts", "resource_id"]).collect()
        except Exception as error:  # noqa: BLE001 - counted, whatever it is
            self.said.append(f"unreadable: {type(error).__name__}: {error}")
            return False
        return True

    def rows(self, notes: Path, shipped: list[str]) -> dict[str, int]:
        """Acknowledged rows, those that are lost and those that are there twice."""
        snapshot = Lake(self.root / "data" / "lake").snapshot()
        found: Counter[str] = Counter()
        for name in snapshot.scan(SAMPLES, columns=["resource_id"]).collect()["resource_id"]:
            found[name] += 1
        batches = project.noted(notes, "acknowledged")
        wanted = {f"{batch}/{n}": 1 for batch in batches for n in range(project.ROWS)} | dict.fromkeys(shipped, 5)
        return {
            "acknowledged": sum(wanted.values()),
            "lost": sum(max(0, count - found[name]) for name, count in wanted.items()),
            "doubled": sum(max(0, found[name] - count) for name, count in wanted.items()),
        }

    def windows_twice(self) -> int:
        """Windows that succeeded more than once."""
        with sqlite3.connect(f"file:{self.root / 'data' / 'ledger.sqlite'}?mode=ro", uri=True) as db:
            return len(
                db.execute(
                    "select job, window_end from runs where outcome = 'success' group by 1, 2 having count(*) > 1"
                ).fetchall()
            )

    def outbox(self) -> dict[str, int]:
        """What became of the letters, by state; what was given up with its reason."""
        with sqlite3.connect(f"file:{self.root / 'data' / 'ledger.sqlite'}?mode=ro", uri=True) as db:
            rows: list[tuple[str, int]] = db.execute(
                "select case state when 'failed' then 'failed: ' || detail else state end, count(*)"
                " from outbox group by 1"
            ).fetchall()
        return dict(rows)


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[-120:]
    except OSError:
        return "gone"


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
