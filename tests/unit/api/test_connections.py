"""Connections have a place and deadlines: silence, drips and floods of one side leave the other side served."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from plimsoll.api.connections import Deadlines, Places, connections, places
from plimsoll.api.server import SaidOnce

QUICK = Deadlines(head=0.4, body=0.6, idle=0.5, taking=0.8)


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body and says how long it was.

    `/large` is more than any buffer takes, `/slow` is worked out for a while, `/long` for longer than any request may
    take to arrive, `/standstill` stops everything else.
    """
    request = Request(scope, receive)
    body = await request.body()
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    if scope["path"] == "/long":
        await asyncio.sleep(QUICK.body + 0.3)
    if scope["path"] == "/standstill":
        time.sleep(0.5)
    text = b"x" * 64 * 1024**2 if scope["path"] == "/large" else str(len(body)).encode()
    await Response(text)(scope, receive, send)


@contextmanager
def door(most: int = 16, most_of_one: int = 16, deadlines: Deadlines = QUICK) -> Generator[tuple[int, Places]]:
    """A server of this process; gives its port and its places."""
    held = Places(most, most_of_one)
    made: Any = connections(held, deadlines)
    config = uvicorn.Config(answering, port=0, http=made, ws="none", lifespan="off", log_level="critical", backlog=64)
    config.timeout_keep_alive = deadlines.idle  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1], held
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


def status(port: int, path: str = "/") -> int:
    """What an honest client is answered."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("GET", path)
    found = client.getresponse().status
    client.close()
    return found


def opened(port: int, sent: bytes = b"") -> socket.socket:
    """A connection that has sent this much."""
    one = socket.create_connection(("127.0.0.1", port), timeout=5)
    if sent:
        one.sendall(sent)
    return one


def until_cut(one: socket.socket, drip: bytes = b"", every: float = 0.1) -> tuple[float, bytes]:
    """(seconds until the other side ends it, what came), dripping a byte now and then."""
    began, came = time.monotonic(), b""
    one.settimeout(every)
    while time.monotonic() - began < 5:
        try:
            if drip:
                one.sendall(drip)
            part = one.recv(4096)
        except TimeoutError:
            continue
        except OSError:
            break
        came += part
        if not part:
            break
    one.close()
    return time.monotonic() - began, came


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "])
def test_more_silent_connections_than_places_lock_nobody_out(sent: bytes) -> None:
    """Neither those that say nothing nor those that stop in the middle of a head."""
    with door(most=8, most_of_one=8) as (port, held):
        flood = [opened(port, sent) for _ in range(40)]
        assert [status(port) for _ in range(5)] == [200] * 5
        assert len(held.taken) <= 8
        for one in flood:
            one.close()


@pytest.mark.parametrize(
    ("begun", "drip", "seconds", "said"),
    [
        (b"", b"", QUICK.head, b""),
        (b"GET / HTTP/1.1\r\nX: ", b"a", QUICK.head, b"408"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", b"a", QUICK.body, b""),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nX: ", b"a", QUICK.head, b"408"),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nPOST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
            b"",
            QUICK.body,
            b"200",
        ),
    ],
)
def test_a_step_has_one_deadline(begun: bytes, drip: bytes, seconds: float, said: bytes) -> None:
    """Silence, a head, a body, a second head on the same connection: bytes that drip in do not lengthen it."""
    with door() as (port, held):
        took, came = until_cut(opened(port, begun), drip)
        assert seconds * 0.8 < took < seconds + 1.5
        assert said in came
        assert not held.taken


def test_a_kept_connection_is_answered_again_and_ended_when_idle() -> None:
    """Browsers and clients keep theirs; each request has deadlines of its own."""
    with door() as (port, _):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        for _ in range(4):
            client.request("POST", "/", body=b"x" * 100_000)
            assert client.getresponse().read() == b"100000"
            time.sleep(0.2)
        took, _ = until_cut(client.sock)
        assert took < QUICK.idle + 1.5


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_deadlines_of_a_request_end_with_its_last_byte(method: str) -> None:
    """How long the answer takes is the application's affair, also where head and body had a deadline each."""
    with door() as (port, _):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        for _ in range(2):
            client.request(method, "/long", body=b"x" * 10 if method == "POST" else None)
            assert client.getresponse().read() == (b"10" if method == "POST" else b"0")
        client.close()


def test_an_answer_that_is_not_taken_is_ended() -> None:
    """Whoever takes a large answer a byte at a time does not hold its memory for ever."""
    with door() as (port, held):
        one = opened(port, b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        began, _ = time.monotonic(), one.recv(1)
        while held.taken and time.monotonic() - began < 5:
            one.recv(1)
            time.sleep(0.05)
        one.close()
        assert not held.taken
        assert time.monotonic() - began > QUICK.taking * 0.8


def test_a_request_that_has_arrived_is_answered_and_the_newcomer_refused_in_words() -> None:
    """Twelve requests for eight places, sent before the server looks once: none is cut, four or five read 503."""
    with door(most=8, most_of_one=8) as (port, held):
        standing = opened(port, b"GET /standstill HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        time.sleep(0.1)
        asked = [opened(port, b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") for _ in range(12)]
        said = [until_cut(one)[1][9:12] for one in [standing, *asked]]
        assert said[0] == b"200"
        assert set(said) == {b"200", b"503"}
        assert 7 <= said[1:].count(b"200") <= 8
        settled(held)


def settled(held: Places) -> None:
    """Within a few seconds nobody lingers."""
    until = time.monotonic() + 5
    while held.lingering and time.monotonic() < until:
        time.sleep(0.02)
    assert held.lingering == 0


def test_a_flood_of_refusals_holds_few_connections() -> None:
    """Whoever is refused has a moment to read it; how many have that at a time is bounded."""
    with door(most=8, most_of_one=8) as (port, held):
        busy = [opened(port, b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(8)]
        time.sleep(0.1)
        late = [opened(port) for _ in range(90)]
        time.sleep(0.1)
        assert held.lingering <= 64
        for one in (*busy, *late):
            until_cut(one)
        settled(held)


class Standing:
    """A connection as `Places` sees it."""

    def __init__(self, since: float, *, waiting: bool = True) -> None:
        self.since, self.waiting, self.ended = since, waiting, False

    def end(self) -> None:
        """Noted."""
        self.ended = True


def test_the_longest_waiting_gives_way_and_a_busy_one_never() -> None:
    """Of the address at its limit; beyond the whole limit, of the address with the most waiting connections."""
    held: Any = Places(5, 3)
    busy, first, second, other = Standing(0, waiting=False), Standing(2), Standing(1), Standing(0)
    for one, who in ((busy, "a"), (first, "a"), (second, "a"), (other, "b")):
        assert held.take(one, who)
    assert held.take(Standing(9), "a")  # the address is full
    assert (busy.ended, first.ended, second.ended, other.ended) == (False, False, True, False)
    assert held.take(Standing(10), "c")
    assert held.take(Standing(11), "d")  # the service is full
    assert (busy.ended, first.ended, other.ended) == (False, True, False)
    full: Any = Places(1, 1)
    assert full.take(Standing(0, waiting=False), "a")
    assert not full.take(Standing(0), "b")


def test_there_are_fewer_places_than_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may open few files takes few connections."""

    def few(_: int) -> tuple[int, int]:
        return 256, 256

    monkeypatch.setattr("resource.getrlimit", few)
    made = places(1000, 64)
    assert made.most < 256 - 64
    assert made.most_of_one == 64


def test_what_cannot_be_accepted_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand refusals of the system are one line."""
    said, loop = SaidOnce(), asyncio.new_event_loop()
    for _ in range(1000):
        said(loop, {"message": "accept", "exception": OSError(24, "Too many open files"), "socket": None})
    loop.close()
    assert [record.message.count("ulimit") for record in caplog.records] == [1]


def test_a_refusal_is_json() -> None:
    """As every other refusal of the service."""
    with door(deadlines=Deadlines(head=0.2, body=1, idle=1, taking=1)) as (port, _):
        _, came = until_cut(opened(port, b"GET / HT"))
        head, _, body = came.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert json.loads(body)["error"]["code"] == "too_slow"
