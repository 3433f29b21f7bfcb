"""A server that drips is cut when the time of the whole exchange is up, and what is left open is left open."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from plimsoll.collectors.prometheus import fetch
from plimsoll.deadline import Deadline
from plimsoll.delivery import http, smtp
from plimsoll.delivery.settings import Mail
from tests.drips import dripping

SHORT_S = 0.5
HEAD = b"HTTP/1.1 200 OK\r\nX-A: "
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def about(seconds: float) -> Generator[None]:
    """What is inside takes this long, and not much longer."""
    began = time.monotonic()
    yield
    assert seconds * 0.8 < time.monotonic() - began < seconds + 2


def mail(port: int) -> Mail:
    """A server of this machine, in the clear."""
    return Mail.model_validate({"host": "127.0.0.1", "port": port, "security": "none", "sender": "a@example.org"})


@pytest.mark.parametrize("said", [b"", b"220-welcome\r\n220-"])
def test_a_banner_without_end_is_later(said: bytes) -> None:
    """Nothing was handed over: it is tried again."""
    with dripping(said=said) as port, about(SHORT_S):
        outcome = smtp.send(mail(port), b"Subject: x\r\n\r\nx", to="b@example.org", password=None, seconds=SHORT_S)
    assert (outcome.kind, "altogether" in outcome.detail) == ("later", True)


def test_half_an_answer_to_the_message_leaves_it_open() -> None:
    """Of the last answer only "2" has come: whether it was accepted is not known. It is not said to have failed."""
    server = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        one, _ = server.accept()
        with one:
            file = one.makefile("rwb")
            for answer in (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
                file.write(answer)
                file.flush()
                file.readline()
            while file.readline() not in (b".\r\n", b""):
                pass
            file.write(b"2")
            file.flush()
            file.read()

    thread = threading.Thread(target=talk)
    thread.start()
    with about(SHORT_S):
        outcome = smtp.send(
            mail(server.getsockname()[1]), b"Subject: x\r\n\r\nx", to="b@example.org", password=None, seconds=SHORT_S
        )
    thread.join(5)
    server.close()
    assert outcome.kind == "uncertain"


@pytest.mark.parametrize("said", [HEAD, BODY])
def test_a_webhook_that_drips_its_answer_is_uncertain(said: bytes) -> None:
    """The request arrived; in its head or in its body, the answer takes too long."""
    with dripping(said=said, hears=1) as port, about(SHORT_S), pytest.raises(http.NoAnswer, match="altogether"):
        http.request("POST", f"http://127.0.0.1:{port}/secret", body=b"{}", seconds=SHORT_S)


def test_an_answer_without_end_is_not_kept() -> None:
    """What is read of it is bounded."""
    with dripping(said=b"HTTP/1.1 200 OK\r\n\r\n", drip=b"x" * 50_000, hears=1) as port:
        said = http.request("GET", f"http://127.0.0.1:{port}/", seconds=20)
    assert said.accepted
    assert len(said.text) < 200_000


@pytest.mark.parametrize("said", [HEAD, BODY])
def test_an_exporter_that_drips_is_cut(said: bytes) -> None:
    """In its head as in its body (F37)."""
    with dripping(said=said, hears=1) as port, about(SHORT_S), pytest.raises(fetch.FetchError, match="too slow"):
        fetch.fetch(fetch.client(), f"http://127.0.0.1:{port}/metrics", {}, total_s=SHORT_S)


def test_a_deadline_that_is_kept_leaves_nothing_behind() -> None:
    """No thread, no cut connection."""

    def watching() -> list[threading.Thread]:  # threads of other tests come and go
        return [thread for thread in threading.enumerate() if thread.name == "deadline"]

    with Deadline(60) as deadline:
        assert len(watching()) == 1
    assert not deadline.passed
    assert watching() == []
