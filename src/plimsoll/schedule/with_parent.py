"""Ends with its parent: `with_parent PARENT COMMAND...` becomes the command, which the kernel then ends in time.

An engine that was killed leaves nothing behind that holds its port, or answers for a project that another one owns.
"""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def exit_with_parent(parent: int) -> None:
    """Has the kernel end this process when its parent is gone, even if that was killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def with_parent(*command: str) -> list[str]:
    """The command line of a command that ends when this process does."""
    return [sys.executable, "-m", __name__, str(os.getpid()), *command]


if __name__ == "__main__":
    exit_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell; the kernel's promise outlives the exec
