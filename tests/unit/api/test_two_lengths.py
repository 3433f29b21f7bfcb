"""Heads that no honest client sends are refused: a body of two lengths, a port that nobody can have reached."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from plimsoll.api.access import Access
from plimsoll.api.metrics import Counts
from plimsoll.api.tokens import Tokens
from plimsoll.config.engine import Serve

LENGTH, CODING = (b"content-length", b"5"), (b"transfer-encoding", b"chunked")


@pytest.mark.parametrize(
    ("headers", "status", "closed"),
    [([LENGTH, CODING], 400, True), ([CODING, LENGTH], 400, True), ([LENGTH], 200, False), ([CODING], 200, False)],
)
def test_it_is_refused_and_nothing_behind_it_is_read(
    tmp_path: Path, headers: list[tuple[bytes, bytes]], status: int, *, closed: bool
) -> None:
    """Either length alone is fine; with both the connection ends, also where it was to be kept."""
    sent = [(b"host", b"localhost"), *headers]
    found = answered(tmp_path, sent)
    assert (found["status"], (b"connection", b"close") in found["headers"]) == (status, closed)


@pytest.mark.parametrize(
    ("port", "status"),
    [("", 200), (":1", 200), (":65535", 200), (":0", 400), (":00000", 400), (":65536", 400), (":", 400)],
)
def test_a_port_that_cannot_be_is_refused(tmp_path: Path, port: str, status: int) -> None:
    """B56: the name before it may be ours."""
    assert answered(tmp_path, [(b"host", b"localhost" + port.encode())])["status"] == status


def answered(tmp_path: Path, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """How the door begins its answer to a POST with these headers."""
    door = Access(PlainTextResponse("in"), Tokens(tmp_path / "t.json"), Serve.model_validate({}), Counts(), local=True)
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/v1/segments/samples/x", "query_string": b"",
        "headers": headers, "client": ("192.0.2.1", 1),
    }  # fmt: skip
    found: list[Any] = []

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's
        found.append(message)

    async def receive() -> Any:  # noqa: ANN401
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(door(scope, receive, send))
    return dict(found[0])
