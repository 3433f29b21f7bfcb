"""The command `plimsoll`, also as `python -m plimsoll`.

Ctrl-C ends it quietly from its first moment: while the program is still being loaded, too.
"""

import os
import signal

from plimsoll.errors import INTERRUPTED


def main() -> None:
    """Loads the command line and runs it; ends the process with its exit code."""
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # as the shell starts what runs in the background
    if not ignored:
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(INTERRUPTED))
    from plimsoll.cli import main as command

    if not ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        command()
    except KeyboardInterrupt:  # between two statements of ours
        os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
