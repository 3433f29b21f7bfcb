"""Whoever waits at a terminal sees that a command is at work; files, pipes and programs see nothing of it."""

import os
import pty
import subprocess
import sys
import threading
from io import StringIO

import pytest

from plimsoll.cli.at_work import Waiting


class Terminal(StringIO):
    """Says when something was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def write(self, text: str) -> int:
        """As a file does."""
        count = super().write(text)
        self.written.set()
        return count


def test_a_long_command_says_so_and_takes_it_back() -> None:
    """The line comes after a while, and nothing is left of it."""
    out = Terminal()
    line = Waiting(out, "plimsoll anomalies", first_s=0.01, every_s=60.0)
    assert out.written.wait(10)
    line.stop()
    line.stop()
    assert out.getvalue() == "\r\x1b[2Kplimsoll anomalies: at work, 0 s\r\x1b[2K"


def test_a_short_command_says_nothing() -> None:
    """What ends before its time is never on the terminal."""
    out = Terminal()
    Waiting(out, "plimsoll jobs", first_s=60.0).stop()
    assert out.getvalue() == ""


_SCRIPT = """
import sys, time
from plimsoll.cli import at_work
at_work.Waiting.__init__.__kwdefaults__["first_s"] = 0.05
with at_work.shown_at_work(["verify", "--x"]):
    time.sleep(1.0)
    sys.stdout.write("out\\n")
    sys.stdout.flush()
    time.sleep(0.3)
"""


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_the_line_is_gone_before_the_first_word(term: str) -> None:
    """On a real terminal: the line, its end, the command's own words, and nothing after them; none on a dumb one."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": term}
    command = [sys.executable, "-c", _SCRIPT]
    done = subprocess.run(command, stdout=theirs, stderr=theirs, env=environment, timeout=60, check=True)
    assert done.returncode == 0
    os.close(theirs)
    seen = os.read(ours, 65_536).decode()
    os.close(ours)
    assert seen.endswith("out\r\n")
    assert seen.count("\x1b[2K") == (0 if term == "dumb" else seen.count("at work") + 1)
    assert ("plimsoll verify: at work" in seen) == (term == "xterm")


def test_a_pipe_sees_nothing_of_it() -> None:
    """Standard error of a program that reads it is as it was."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == (b"out\n", b"")
