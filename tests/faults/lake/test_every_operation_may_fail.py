"""The n-th operation of append, compaction, rollup and retention fails, for every n: nothing is lost."""

import resource
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from plimsoll.errors import DiskError
from plimsoll.lake import Lake
from plimsoll.lake.files import Files
from plimsoll.tables import COLLECTIONS, SAMPLES
from tests.faults.lake.faultfs import ROUNDS, START, FaultFS, work
from tests.shared import ROOT

MANY = 400


def _nothing_is_wrong(root: Path, acknowledged: list[str]) -> None:
    """Everything acknowledged is there once, before and after a compaction with a whole disk; the rest is announced."""
    for _ in range(2):
        held = Lake(root).snapshot().scan(SAMPLES).collect()["resource_id"].to_list()
        assert len(held) == len(set(held))
        assert set(acknowledged) <= set(held)
        assert len(held) <= ROUNDS
        Lake(root).compact(now=START + timedelta(hours=1), grace_s=0.0)
    dropped = {str(row["day"]) for row in Lake(root).audit()}
    days = {day.isoformat() for day in Lake(root).snapshot().days(COLLECTIONS)}
    assert len(dropped | days) >= len(acknowledged)
    assert Lake(root).verify(now=START).damaged == {}


@pytest.mark.parametrize(("how", "step"), [("ENOSPC", 1), ("EIO", 4), ("EROFS", 4)])
def test_the_disk_may_refuse_any_operation(tmp_path: Path, how: str, step: int) -> None:
    """The disk refuses once, then works again: the acknowledged is there, once; nothing stays half done."""
    for n in range(1, MANY, step):
        root, files = tmp_path / str(n), FaultFS(n, how)
        acknowledged = work(root, files)
        _nothing_is_wrong(root, acknowledged)
        if files.count < n:
            assert n > 60
            return
    raise AssertionError("the loop never ran without a fault")


def test_the_process_may_end_at_any_operation(tmp_path: Path) -> None:
    """A real process ends at the n-th operation, without a goodbye."""
    for n in range(1, MANY, 5):
        root = tmp_path / str(n)
        command = [sys.executable, "-m", "tests.faults.lake.faultfs", str(root), str(n)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        _nothing_is_wrong(root, ended.stdout.split())
        if ended.returncode == 0:
            assert n > 60
            return
    raise AssertionError("the loop never ran without a fault")


def test_a_file_that_may_not_grow_is_torn_and_nothing_is_acknowledged(tmp_path: Path) -> None:
    """RLIMIT_FSIZE: a write stops in the middle of a file; then the limit is gone and work goes on."""
    lake = Lake(tmp_path / "lake")
    rows = [{"ts": START, "resource_id": str(n), "device": "", "source": "t"} for n in range(3000)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    told = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
        with pytest.raises(DiskError, match="the file size limit is reached"):
            lake.append(SAMPLES, rows, collector="t")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, told)
    assert list((tmp_path / "lake" / "samples").iterdir()) == []
    lake.append(SAMPLES, rows, collector="t")
    assert lake.snapshot().scan(SAMPLES).collect().height == 3000


class Filling(Files):
    """A disk with as much room as the test says."""

    free = 10**12

    def space(self, folder: Path) -> tuple[int, int]:  # noqa: ARG002 - whichever folder
        """(free, total)."""
        return self.free, 10**12


def test_a_disk_that_is_nearly_full_is_refused_before_it_is_full(tmp_path: Path) -> None:
    """2 % or 512 MiB stay free; the error says path, free and needed; with room again work goes on by itself."""
    files = Filling()
    lake = Lake(tmp_path / "lake", files=files)
    row = {"ts": START, "resource_id": "a", "device": "", "source": "t"}
    files.free = 10**10
    with pytest.raises(DiskError, match=r"lake: 10000 MB free, 20000 MB must stay free; nothing was accepted"):
        lake.append(SAMPLES, [row], collector="t")
    assert not (tmp_path / "lake").exists()
    files.free = 3 * 10**10
    lake.append(SAMPLES, [row], collector="t")
    assert lake.snapshot().scan(SAMPLES).collect().height == 1
