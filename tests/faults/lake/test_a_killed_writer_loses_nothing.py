"""SIGKILL at any moment: what was acknowledged is there, once, and readable."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.errors import DiskError
from plimsoll.lake import Lake
from plimsoll.lake.files import Files
from plimsoll.tables import SAMPLES
from tests.faults.lake import kill
from tests.shared import ROOT, needs_program


def test_killed_writers_lose_and_double_nothing() -> None:
    """Thirty real processes, killed while they append and compact (the command does as many as one likes)."""
    outcome = kill.run(30)
    assert outcome.acknowledged > 30 * 20
    assert (outcome.lost, outcome.doubled, outcome.unreadable) == (0, 0, 0)


@pytest.mark.system
def test_one_file_and_one_folder_are_synced_before_the_acknowledgement(tmp_path: Path) -> None:
    """Exactly two syncs: of the bytes before the rename, of the folder after it (strace)."""
    needs_program("strace")
    code = (
        "import os, sys; from pathlib import Path; from datetime import datetime, UTC;"
        "from plimsoll.lake import Lake; from plimsoll.tables import SAMPLES;"
        "lake = Lake(Path(sys.argv[1])); row = dict(ts=datetime(2026, 1, 1, tzinfo=UTC), resource_id='a', device='',"
        "source='t', cpu_utilization_pct=1.0); lake.append(SAMPLES, [row], collector='t');"
        "os.write(1, b'BEGIN'); lake.append(SAMPLES, [row], collector='t'); os.write(1, b'ACKNOWLEDGED')"
    )
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-o", str(trace), "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,write"]
    subprocess.run([*command, sys.executable, "-c", code, str(tmp_path / "lake")], check=True, cwd=ROOT)
    calls = re.search(r"BEGIN.*?ACKNOWLEDGED", trace.read_text(), re.DOTALL)
    assert calls is not None
    found = re.findall(r"\b(fsync|fdatasync|rename\w*)\(", calls[0])
    assert found == ["fsync", "rename", "fsync"]


class Failing(Files):
    """The n-th operation fails with a full disk."""

    def __init__(self, fails_at: int) -> None:
        self.count, self.fails_at = 0, fails_at

    def _step(self) -> None:
        self.count += 1
        if self.count == self.fails_at:
            raise OSError(28, os.strerror(28))

    def write(self, path: Path, data: bytes) -> None:
        """Tears the file before it fails."""
        if self.count + 1 == self.fails_at:
            path.write_bytes(data[: len(data) // 2])
        self._step()
        super().write(path, data)

    def rename(self, source: Path, target: Path) -> None:
        """May fail."""
        self._step()
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        """May fail."""
        self._step()
        super().sync_folder(folder)


def test_every_operation_of_append_and_compaction_may_fail(tmp_path: Path) -> None:
    """For n = 1, 2, 3 ... the n-th operation meets a full disk; then there is space again, and nothing is missing."""
    for n in range(1, 100):
        files = Failing(n)
        lake = Lake(tmp_path / str(n), files=files)
        acknowledged = 0
        refusals: list[str] = []
        for minute in range(3):
            row = {
                "ts": kill.START,
                "resource_id": str(minute),
                "device": "",
                "source": "t",
                "cpu_utilization_pct": 1.0,
            }
            try:
                lake.append(SAMPLES, [row], collector="t")
                acknowledged += 1
                lake.compact(now=kill.START, grace_s=0.0)
            except DiskError as error:
                refusals.append(str(error))
        assert all("the disk is full; free some space" in text for text in refusals)
        held = Lake(tmp_path / str(n)).snapshot().scan(SAMPLES).collect()
        assert acknowledged <= held.height <= 3
        assert held["resource_id"].n_unique() == held.height
        if files.count < n:
            return
    raise AssertionError("the loop never ran without a fault")
