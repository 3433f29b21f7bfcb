"""Exporters for tests: a real HTTP server on loopback that says what a test wants, as slowly or as much as it wants."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from plimsoll.collectors.prometheus.address import Address
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.settings import Target
from plimsoll.collectors.prometheus.targets import AddressMaker

Say = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Lets the test answer."""

    say: Say

    def do_GET(self) -> None:
        """Whatever the test says; a client that has gone is no error."""
        try:
            type(self).say(self)
        except OSError:
            self.close_connection = True

    def body(self, data: bytes, *, status: int = 200, **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Keeps quiet."""


@dataclass
class Exporter:
    """Where it listens."""

    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/metrics"

    def address(self, mapping: str = "node", own: Path | None = None, **more: Any) -> Address:  # noqa: ANN401
        """A target with this one address."""
        assert load(mapping, own).rules
        target = Target.model_validate({"urls": (self.url,), "mapping": mapping, **more})
        (one,) = AddressMaker({"t": target}, interval_s=30.0, own=own).static()
        return one


@contextmanager
def exporter(say: Say) -> Generator[Exporter]:
    """A server that answers each GET by `say`."""
    handler = type("Said", (Handler,), {"say": staticmethod(say)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Exporter(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
