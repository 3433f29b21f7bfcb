"""An engine that is killed leaves no service behind: no port held, no answers for a project that is another one's."""

import subprocess
import sys
import time
from pathlib import Path

from plimsoll.project import Project, builtin_root
from plimsoll.schedule.up import _keepers  # pyright: ignore[reportPrivateUsage] - what `up --serve` starts
from tests.clocks import OwnedClock
from tests.schedules import engine, plan

PARENT = """
import subprocess, sys
from plimsoll.schedule.with_parent import with_parent
child = subprocess.Popen(with_parent("/bin/sh", "-c", "echo $$; exec sleep 600"), start_new_session=True)
child.wait()
"""


def test_a_command_ends_with_its_killed_parent() -> None:
    """F26: SIGKILL of the parent alone; the kernel ends the child, though it has become another program since."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = Path("/proc") / parent.stdout.readline().strip() / "stat"
        assert child.exists()
        parent.kill()
    until = time.monotonic() + 10
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until, "it outlives its parent"
        time.sleep(0.02)


def test_the_service_of_up_is_started_so(tmp_path: Path) -> None:
    """`up --serve`: as the workers, which do the same by themselves."""
    started, _ = engine(Project(tmp_path, builtin_root()), OwnedClock(), plan({}))
    (keeper,) = _keepers(started, ["serve"])
    words = keeper.command()
    assert words[1:3] == ["-m", "plimsoll.schedule.with_parent"]
    assert words[-5:] == ["-m", "plimsoll", "serve", "--project", str(tmp_path)]
