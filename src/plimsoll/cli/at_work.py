"""A line for a person who waits at a terminal: after two seconds without a word a command says that it is at work.

The line stands on standard error, is renewed each second, and is gone before anything else is written.
"""

import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, TextIO

FIRST_S: Final = 2.0
EVERY_S: Final = 1.0
_CLEAR: Final = "\r\x1b[2K"


class Waiting:
    """The line, on a thread of its own; `stop` ends it for good."""

    def __init__(self, out: TextIO, what: str, *, first_s: float = FIRST_S, every_s: float = EVERY_S) -> None:
        self._out, self._what, self._first_s, self._every_s = out, what, first_s, every_s
        self._over, self._lock, self._drawn = threading.Event(), threading.Lock(), False
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._go, name="waiting", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Takes the line away; nothing of it is written afterwards."""
        if self._over.is_set():
            return
        with self._lock:
            self._over.set()
            if self._drawn:
                self._write(_CLEAR)

    def _go(self) -> None:
        pause = self._first_s
        while not self._over.wait(pause):
            with self._lock:
                if self._over.is_set():
                    return
                self._drawn = True
                self._write(f"{_CLEAR}{self._what}: at work, {time.monotonic() - self._began:.0f} s")
            pause = self._every_s

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):  # the terminal has gone
            self._over.set()


class _First:
    """A stream that ends the line before its first word; in all else the stream itself."""

    def __init__(self, stream: TextIO, waiting: Waiting) -> None:
        self._stream, self._waiting = stream, waiting

    def write(self, text: str) -> int:
        """As the stream does."""
        self._waiting.stop()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


@contextmanager
def shown_at_work(arguments: list[str]) -> Generator[None]:
    """Around one command; without a terminal on standard error, or on a dumb one, there is no line."""
    out, err = sys.stdout, sys.stderr
    if not err.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield
        return
    words = [word for word in arguments[:1] if not word.startswith("-")]
    line = Waiting(err, " ".join(["plimsoll", *words]))
    sys.stdout, sys.stderr = _First(out, line), _First(err, line)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
        line.stop()
