"""A server of this machine that says something and then drips, a byte at a time, for as long as it is listened to."""

import contextlib
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

_EVERY_S, _LONGEST_S = 0.05, 8.0


@contextmanager
def dripping(*, said: bytes = b"", drip: bytes = b"2", hears: int = 0) -> Generator[int]:
    """Its port. To each connection it says this much, once it has received so often, then the drip for a long while."""
    done = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve(one: socket.socket) -> None:
        with one, contextlib.suppress(OSError):
            for _ in range(hears):
                one.recv(65_536)
            one.sendall(said)
            over = time.monotonic() + _LONGEST_S  # a test whose promise is broken fails; it does not hang
            while not done.wait(_EVERY_S) and time.monotonic() < over:
                one.sendall(drip)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = server.accept()
                threading.Thread(target=serve, args=(one,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        done.set()
        server.close()
