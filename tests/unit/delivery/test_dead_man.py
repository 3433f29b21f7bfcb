"""The dead man's switch: renewed once for each report that was delivered, and only then."""

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from plimsoll.delivery.ping import ping
from plimsoll.delivery.settings import Ping
from plimsoll.tasks import dead_mans_switch
from plimsoll.tasks.deliver import send_due
from plimsoll.tasks.queueing import queue
from plimsoll.tasks.report import daily
from tests.mailing import wired
from tests.post_office import PostOffice

MORE = '[dead_mans_switch]\nurl_env = "PLIMSOLL_PING"\nhosts = ["127.0.0.1"]\n'


class Watcher(ThreadingHTTPServer):
    """Counts what it is asked, and answers as told."""

    status = 200
    asked = 0


class Handler(BaseHTTPRequestHandler):
    """Answers every GET."""

    def do_GET(self) -> None:
        """Counts."""
        assert isinstance(self.server, Watcher)
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Keeps quiet."""


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Generator[Watcher]:
    """The service, listening; its secret address in the environment."""
    server = Watcher(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("PLIMSOLL_PING", f"http://127.0.0.1:{server.server_address[1]}/s3cret")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_is_renewed_when_everything_was_delivered(demo: Path, office: PostOffice, watcher: Watcher) -> None:
    """Not while a message waits; then once; a ping that did not arrive is tried again."""
    ctx = wired(demo, office.port, more=MORE)
    path = ctx.data / dead_mans_switch.FILE
    path.unlink(missing_ok=True)
    queue(ctx, "daily", daily(ctx))
    assert (dead_mans_switch.renew(ctx), path.exists(), watcher.asked) == ("", False, 0)
    send_due(ctx)
    watcher.status = 503
    assert dead_mans_switch.renew(ctx) == "127.0.0.1: 503"
    watcher.status = 200
    assert dead_mans_switch.renew(ctx) == ""
    assert dead_mans_switch.renew(ctx) == ""
    assert watcher.asked == 2
    assert dead_mans_switch.read(path)["windowEnd"] == "2026-01-16T18:00:00Z"
    assert "s3cret" not in path.read_text()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://elsewhere.example.org/s3cret", "elsewhere.example.org is not one of its hosts: example.org"),
        ("http://example.org/s3cret", "example.org: only https is spoken to other machines"),
        (None, "no address: set the variable PLIMSOLL_PING"),
    ],
)
def test_only_what_is_allowed_is_asked(address: str | None, said: str) -> None:
    """And the address stays a secret."""
    assert ping(Ping(url_env="PLIMSOLL_PING", hosts=("example.org",)), address) == said


def test_an_address_needs_its_hosts() -> None:
    """Refused at the door."""
    with pytest.raises(ValueError, match="needs hosts"):
        Ping(url_env="X", hosts=())
