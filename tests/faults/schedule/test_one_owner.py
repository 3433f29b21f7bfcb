"""F24-F27: one owner a project, whatever happens to it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.errors import AlreadyLocked, UsageError
from plimsoll.lake.format import file_systems
from plimsoll.lake.format.file_systems import filesystem
from plimsoll.schedule.project_lock import owned, owner
from tests.clocks import START

HOLD = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from plimsoll.errors import PlimsollError
from plimsoll.schedule.project_lock import owned
try:
    with owned(Path(sys.argv[1]), command="up", now=datetime.now(UTC)):
        print("held", flush=True)
        exec(sys.argv[2])
        sys.stdin.read()
except PlimsollError as error:
    print(error, flush=True)
    sys.exit(error.exit_code)
"""

PAIRS = """
import json, os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from plimsoll.errors import PlimsollError
from plimsoll.schedule.project_lock import owned

def start(folder, gate):
    read, write = os.pipe()
    if pid := os.fork():
        os.close(write)
        return pid, read
    os.close(gate[1])
    os.read(gate[0], 1)  # the end of the file is the starting signal, for all at once
    says = ""
    try:
        with owned(folder, command="up", now=datetime.now(UTC)):
            time.sleep(3)
            code = 0
    except PlimsollError as error:
        says, code = str(error), error.exit_code
    os.write(write, says.encode())
    os._exit(code)

gate = os.pipe()
pairs = [[start(Path(sys.argv[1]) / str(n), gate) for _ in range(2)] for n in range(50)]
os.close(gate[1])
for pair in pairs:
    told = [{"pid": pid, "code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), "says": os.read(read, 999).decode()}
            for pid, read in pair]
    print(json.dumps(told))
"""


def _holder(data: Path, also: str = "") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data), also], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _says(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _end(process: "subprocess.Popen[str]") -> int:
    process.communicate()
    return process.returncode


def test_of_two_that_start_together_one_owns(tmp_path: Path) -> None:
    """F24, fifty times: one holds, the other ends with 73 and names the first by PID."""
    done = subprocess.run(
        [sys.executable, "-c", PAIRS, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rounds) == 50
    for first, second in rounds:
        winner, loser = (first, second) if first["code"] == 0 else (second, first)
        assert (winner["code"], loser["code"]) == (0, 73)
        assert f"PID {winner['pid']} on " in loser["says"]


def test_a_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    """SIGKILL, and the next one starts at once."""
    first = _holder(tmp_path)
    assert _says(first) == "held"
    first.kill()
    _end(first)
    with owned(tmp_path, command="up", now=START):
        held = owner(tmp_path)
    assert held is not None
    assert (held.pid, held.command, held.started) == (os.getpid(), "up", "2026-01-16T18:00:00Z")
    assert owner(tmp_path) is None


def test_a_stopped_owner_still_owns(tmp_path: Path) -> None:
    """F25: a process that sleeps has not gone."""
    first = _holder(tmp_path)
    assert _says(first) == "held"
    first.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(AlreadyLocked, match=f"PID {first.pid} "), owned(tmp_path, command="tick", now=START):
            pass
    finally:
        first.send_signal(signal.SIGCONT)
        assert _end(first) == 0


def test_a_child_that_outlives_its_parent_holds_nothing(tmp_path: Path) -> None:
    """F26: the lock is not inherited."""
    first = _holder(tmp_path, "import subprocess; print(subprocess.Popen(['sleep', '600'], stdout=2).pid, flush=True)")
    assert _says(first) == "held"
    child = int(_says(first))
    first.kill()
    first.communicate()
    try:
        with owned(tmp_path, command="up", now=START):
            assert owner(tmp_path) is not None
    finally:
        os.kill(child, signal.SIGKILL)


def test_looking_does_not_take(tmp_path: Path) -> None:
    """Whoever asks for the owner again and again keeps nobody from becoming it."""
    with owned(tmp_path, command="up", now=START):
        assert [owner(tmp_path) is not None for _ in range(100)] == [True] * 100
    with owned(tmp_path, command="up", now=START):
        assert owner(tmp_path) is not None


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F27: its locks cannot be relied on; a person may insist."""
    monkeypatch.setattr(file_systems, "filesystem", lambda _path: "nfs4")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    with pytest.raises(UsageError, match=r"network file system \(nfs4\)"), owned(tmp_path, command="up", now=START):
        pass
    with owned(tmp_path, command="up", now=START, allow_network_fs=True):
        assert owner(tmp_path) is not None


def test_every_command_that_writes_refuses_a_network_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """F27: not only the scheduler; reading is fine, and a line in the config insists for all of them."""
    config = tmp_path / "config.toml"
    config.write_text("[plimsoll]\n[collectors.gpu]\nenabled = false\n", encoding="utf-8")
    monkeypatch.setattr(file_systems, "filesystem", lambda _path: "nfs4")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    where = ["--project", str(tmp_path)]
    for command in (["collect"], ["tick"], ["verify", "--repair"], ["run", "compact"]):
        assert run([*command, *where]) == 2
        assert "is on a network file system (nfs4)" in capsys.readouterr().err
    assert run(["verify", *where]) == 0
    config.write_text(f"{config.read_text(encoding='utf-8')}[lake]\nallow_network_fs = true\n", encoding="utf-8")
    assert run(["collect", *where]) == 0
    assert run(["run", "compact", *where]) == 0


def test_the_nearest_mount_tells_the_file_system(tmp_path: Path) -> None:
    """The longest mount point above the path counts, spaces in its name included."""
    spaced = tmp_path / "a b"
    (spaced / "data").mkdir(parents=True)
    mounts = tmp_path / "mountinfo"
    point = str(spaced).replace(" ", "\\040")
    mounts.write_text(
        f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / {point} rw shared:1 - nfs4 server:/export rw\n",
        encoding="utf-8",
    )
    assert filesystem(spaced / "data", mounts) == "nfs4"
    assert filesystem(tmp_path, mounts) == "ext4"
    assert filesystem(tmp_path, tmp_path / "absent") == ""


def test_a_link_in_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    """F61: nobody makes us write elsewhere."""
    (tmp_path / "scheduler.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="cannot be opened"), owned(tmp_path, command="up", now=START):
        pass
    assert not (tmp_path / "elsewhere").exists()
