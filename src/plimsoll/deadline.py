"""One deadline for a whole exchange with another machine, however many steps it takes.

The time-outs of sockets are for one read each: who sends a byte now and then is never cut by them. Here the connection
that is open when the time is up is shut, wherever the exchange waits; what waits then fails at once.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

_AGAIN_S: Final = 0.1
_OPENED: Final = ("connect_tcp.complete", "start_tls.complete")


class Deadline:
    """For so many seconds from entering the block; `passed` says that it was cut.

    Name resolution and a handshake that has begun have time-outs of their own: they are cut as soon as they end.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.passed = seconds, False
        self._open: Callable[[], socket.socket | None] = lambda: None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)

    def __enter__(self) -> "Deadline":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def over(self, connection: Callable[[], socket.socket | None]) -> None:
        """What gives the connection that is open now; asked when the time is up."""
        self._open = connection

    def trace(self, event: str, about: Mapping[str, Any]) -> None:
        """An HTTP client's `trace` extension: its newest connection is the one that is cut."""
        if event.endswith(_OPENED):
            found: socket.socket = about["return_value"].get_extra_info("socket")
            self.over(lambda: found)

    @property
    def why(self) -> str:
        """What a person reads of it."""
        return f"not done after {self.seconds:g} s altogether"

    def _watch(self) -> None:
        if self._done.wait(self.seconds):
            return
        self.passed = True
        while True:  # a connection that is made after the time was up is cut too
            if (found := self._open()) is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(found, socket.SHUT_RDWR)
            if self._done.wait(_AGAIN_S):
                return
