"""A request whose body has two lengths is cut by one of them here and may be by the other in a proxy: refused."""

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
    door = Access(PlainTextResponse("in"), Tokens(tmp_path / "t.json"), Serve.model_validate({}), Counts(), local=True)
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/v1/segments/samples/x", "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers], "client": ("192.0.2.1", 1),
    }  # fmt: skip
    found: list[Any] = []

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's
        found.append(message)

    async def receive() -> Any:  # noqa: ANN401
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(door(scope, receive, send))
    assert (found[0]["status"], (b"connection", b"close") in found[0]["headers"]) == (status, closed)
