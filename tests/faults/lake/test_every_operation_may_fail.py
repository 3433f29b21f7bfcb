"""F02-F04, F13, F14, F16: the n-th operation of append, compaction, rollup and retention fails, for every n."""

import errno
import os
import resource
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from plimsoll.errors import DiskError
from plimsoll.lake import Lake
from plimsoll.lake.format.files import Files
from plimsoll.tables import COLLECTIONS, SAMPLES
from tests.faults.lake.faultfs import ROUNDS, START, FaultFS, work
from tests.shared import ROOT, needs_program

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
    """F13, F14, F16: the disk refuses once, then works again: the acknowledged is there, once; nothing is half done."""
    for n in range(1, MANY, step):
        root, files = tmp_path / str(n), FaultFS(n, how)
        acknowledged = work(root, files)
        _nothing_is_wrong(root, acknowledged)
        if files.count < n:
            assert n > 60
            return
    raise AssertionError("the loop never ran without a fault")


def test_the_process_may_end_at_any_operation(tmp_path: Path) -> None:
    """F02, F03, F04: a real process ends at the n-th operation, without a goodbye."""
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
    """F13 by RLIMIT_FSIZE: a write stops in the middle of a file; then the limit is gone and work goes on."""
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


class Unsynced(Files):
    """The first sync of a segment fails as a dying disk's does; every segment that is written is noted."""

    def __init__(self) -> None:
        self.written: list[Path] = []

    def write(self, path: Path, data: bytes) -> None:
        """May fail after the bytes are there."""
        super().write(path, data)
        if path.suffix != ".arrows":
            return
        self.written.append(path)
        if len(self.written) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_file_whose_sync_failed_is_given_up(tmp_path: Path) -> None:
    """F14: the kernel may have dropped its pages, so it is never synced again: the rows go into another file."""
    files = Unsynced()
    lake = Lake(tmp_path / "lake", files=files)
    row = {"ts": START, "resource_id": "a", "device": "", "source": "t"}
    with pytest.raises(DiskError, match="the disk reports an input/output error") as told:
        lake.append(SAMPLES, [row], collector="t")
    assert told.value.exit_code == 74
    lake.append(SAMPLES, [row], collector="t")
    assert len(set(files.written)) == len(files.written)
    assert not files.written[0].exists()
    assert lake.snapshot().scan(SAMPLES).collect().height == 1


FILL = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from plimsoll.errors import DiskError
from plimsoll.lake import Lake
from plimsoll.lake.format import files
from plimsoll.tables import SAMPLES
files.LEAST_FREE_BYTES, files.LEAST_FREE_SHARE = 0, 0.0
lake, at, kept = Lake(Path(sys.argv[1]) / "lake"), datetime(2026, 1, 16, tzinfo=UTC), []
def fill(number):
    row = {"ts": at + timedelta(seconds=number), "device": "", "source": "t"}
    lake.append(SAMPLES, [{**row, "resource_id": f"{number}-{n}"} for n in range(2000)], collector="t")
    kept.append(number)
refused = 0
for number in range(200):
    try:
        fill(number)
    except DiskError as error:
        assert "the disk is full; free some space" in str(error), error
        refused += 1
    if number == 120:
        os.unlink(Path(sys.argv[1]) / "ballast")
        lake.compact(now=at, grace_s=0.0)
        lake.compact(now=at, grace_s=0.0)
found = lake.snapshot().scan(SAMPLES).collect()
names = [n for n in os.listdir(Path(sys.argv[1]) / "lake" / "samples") if n.startswith(".tmp")]
print(refused, len(kept), found.height, found["resource_id"].n_unique(), names, lake.verify(now=at).damaged)
"""


@pytest.mark.system
def test_a_small_disk_that_is_really_full(tmp_path: Path) -> None:
    """F13 on a disk of 4 MiB: it refuses, room is made, it goes on; what was kept is whole, nothing else is left."""
    needs_program("unshare")
    (tmp_path / "disk").mkdir()
    script = (
        f"mount -t tmpfs -o size=4m tmpfs {tmp_path}/disk && head -c 2000000 /dev/zero > {tmp_path}/disk/ballast"
        f' && {sys.executable} -c "$FILL" {tmp_path}/disk'
    )
    command = ["unshare", "--mount", "sh", "-c", script]
    done = subprocess.run(command, env={**os.environ, "FILL": FILL}, capture_output=True, text=True, check=False)
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(f"no mount namespace of our own here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    refused, kept, rows, distinct, rest = done.stdout.split(maxsplit=4)
    assert int(refused) > 10
    assert int(kept) > 50
    assert int(rows) == int(distinct) == 2000 * int(kept)
    assert rest.strip() == "[] {}"


class Filling(Files):
    """A disk with as much room as the test says."""

    free = 10**12

    def space(self, folder: Path) -> tuple[int, int]:  # noqa: ARG002 - whichever folder
        """(free, total)."""
        return self.free, 10**12


def test_a_disk_that_is_nearly_full_is_refused_before_it_is_full(tmp_path: Path) -> None:
    """F13, P5: 2 % or 512 MiB stay free; the error says path, free and needed; with room again work goes on."""
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
