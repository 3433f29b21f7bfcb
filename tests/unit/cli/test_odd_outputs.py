"""A terminal that lacks letters, and an output that was closed: the command prints what it can and ends as ever."""

import os
import subprocess
import sys

import pytest

PROGRAM = "import sys; from plimsoll import cli; cli.run = lambda _: print('45\\u202f% …') or 0; cli.main()"


@pytest.mark.parametrize(
    ("encoding", "printed"), [("ascii", b"45 % ..."), ("latin-1", b"45 % ..."), ("utf-8", "45\u202f% …".encode())]
)
def test_letters_that_the_terminal_lacks_end_nothing(encoding: str, printed: bytes) -> None:
    """An ellipsis under LC_ALL=C was a traceback."""
    known = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=known, capture_output=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, printed, b"")


def test_a_closed_output_is_no_traceback() -> None:
    """As `plimsoll status >&-` gives."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, PROGRAM], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
