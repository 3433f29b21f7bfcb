"""Who may ask, at the door alone: how often, with which token, for what; every answer carries our headers."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from plimsoll.api.access import MOST_QUERY_BYTES, Access, Minutes
from plimsoll.api.metrics import Counts
from plimsoll.api.tokens import Tokens
from plimsoll.config.engine import Serve

NOW = datetime(2026, 1, 16, tzinfo=UTC)


@dataclass
class Door:
    """A door with settings of its own, in a folder."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    local: bool = True

    def __post_init__(self) -> None:
        self.tokens, self.counts = Tokens(self.folder / "t.json"), Counts()
        app, serve = PlainTextResponse("in"), Serve.model_validate(self.settings)
        self.door = Access(app, self.tokens, serve, self.counts, local=self.local)

    def ask(
        self, path: str = "/reports", *, token: str = "", client: str = "192.0.2.1", query: bytes = b"", times: int = 1
    ) -> tuple[int, dict[str, str]]:
        """(status, headers) of the last of so many."""
        headers = [(b"host", b"localhost")] + ([(b"authorization", f"Bearer {token}".encode())] if token else [])
        scope: dict[str, Any] = {
            "type": "http", "method": "GET", "path": path, "query_string": query, "headers": headers,
            "client": (client, 1),
        }  # fmt: skip
        found: list[Any] = []

        async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's
            found.append(message)

        async def receive() -> Any:  # noqa: ANN401
            return {"type": "http.request", "body": b"", "more_body": False}

        for _ in range(times):
            found.clear()
            asyncio.run(self.door(dict(scope), receive, send))
        return found[0]["status"], {key.decode(): value.decode() for key, value in found[0]["headers"]}


@pytest.fixture(autouse=True)
def one_minute(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still: no test ends in another minute than it began in."""
    now = [6_000.0]
    monkeypatch.setattr("plimsoll.api.access.time.monotonic", lambda: now[0])
    return now


def test_so_many_requests_a_minute_and_no_more(tmp_path: Path, one_minute: list[float]) -> None:
    """429 with when to come again, for this address or token alone; the next minute is a new one."""
    door = Door(tmp_path, {"requests_per_minute": 3})
    assert door.ask(times=3)[0] == 200
    status, headers = door.ask()
    assert (status, headers["retry-after"]) == (429, "60")
    assert door.ask(client="192.0.2.2")[0] == 200
    one_minute[0] += 59.9
    assert door.ask()[0] == 429
    one_minute[0] += 0.1
    assert door.ask()[0] == 200


def test_a_token_is_counted_by_its_name_wherever_it_comes_from(tmp_path: Path) -> None:
    """Two addresses share its limit; another token has its own."""
    door = Door(tmp_path, {"requests_per_minute": 2})
    mine, other = door.tokens.new("mine", (), NOW), door.tokens.new("other", (), NOW)
    assert [door.ask(token=mine, client=f"192.0.2.{n}")[0] for n in range(3)] == [200, 200, 429]
    assert door.ask(token=other)[0] == 200


def test_wrong_tokens_are_counted_apart_and_the_right_one_still_opens(tmp_path: Path) -> None:
    """401 so often, then 429: whoever guesses is slowed down, whoever knows is not."""
    door = Door(tmp_path, {"wrong_tokens_per_minute": 2})
    right = door.tokens.new("mine", (), NOW)
    assert [door.ask(token="plm_guess")[0] for _ in range(4)] == [401, 401, 429, 429]
    assert door.ask(token=right)[0] == 200
    assert door.ask(token="plm_guess", client="192.0.2.9")[1]["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("scopes", "path", "status"),
    [
        (("ship:h",), "/v1/segments", 200),
        (("ship:h",), "/v1/segments/samples/x", 200),
        (("ship:h",), "/reports", 403),
        ((), "/v1/segments", 403),
        (("resource:a",), "/v1/segments/samples/x", 403),
        (("resource:a",), "/reports", 200),
    ],
)
def test_a_token_that_ships_does_nothing_else_and_no_other_ships(
    tmp_path: Path, scopes: tuple[str, ...], path: str, status: int
) -> None:
    """By its scope and the path alone, before any route is asked."""
    door = Door(tmp_path)
    assert door.ask(path, token=door.tokens.new("t", scopes, NOW))[0] == status


def test_without_tokens_only_this_machine_is_let_in_and_only_until_the_first_one(tmp_path: Path) -> None:
    """After that an emptied list, a lost file and a damaged one open nothing."""
    local, beyond = Door(tmp_path), Door(tmp_path, local=False)
    assert (local.ask()[0], beyond.ask()[0]) == (200, 401)
    assert beyond.ask("/healthz")[0] == 200, "is alive, whoever asks"
    token = local.tokens.new("t", (), NOW)
    assert local.ask()[0] == 401
    local.tokens.revoke("t")
    assert (local.ask()[0], local.ask(token=token)[0]) == (401, 401)
    local.tokens.path.unlink()
    assert local.ask()[0] == 401
    local.tokens.path.write_text("[")
    assert local.ask()[0] == 503


def test_a_query_is_as_long_as_allowed(tmp_path: Path) -> None:
    """414 beyond it, whoever asks."""
    door = Door(tmp_path)
    assert door.ask(query=b"x" * MOST_QUERY_BYTES)[0] == 200
    assert door.ask(query=b"x" * (MOST_QUERY_BYTES + 1))[0] == 414


def test_every_answer_has_our_headers_and_one_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Refusals too; the line names the token and never its text, nor the query."""
    door = Door(tmp_path)
    token = door.tokens.new("mine", (), NOW)
    with caplog.at_level(logging.INFO, "plimsoll.access"):
        for given in (token, "plm_wrong"):
            headers = door.ask(token=given, query=b"secret=1")[1]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "private, no-cache"
            assert "default-src 'none'" in headers["content-security-policy"]
    assert [record.getMessage().rsplit(" ", 2)[0] for record in caplog.records] == [
        "192.0.2.1 mine GET /reports 200",
        "192.0.2.1 - GET /reports 401",
    ]


def test_a_flood_fills_no_log(tmp_path: Path, one_minute: list[float], caplog: pytest.LogCaptureFixture) -> None:
    """Twice what is allowed a minute is listed, however often it is refused; then how many were not, in one line."""
    door = Door(tmp_path, {"requests_per_minute": 2})
    with caplog.at_level(logging.INFO, "plimsoll.access"):
        door.ask(times=500)
        door.ask(client="192.0.2.2")
        one_minute[0] += 60
        door.ask()
    said = [record.getMessage().rsplit(" ", 2)[0] for record in caplog.records]
    first = "192.0.2.1 - GET /reports"
    assert said[:4] == [f"{first} 200", f"{first} 200", f"{first} 429", f"{first} 429"]
    assert said[4:] == [
        "496 requests of clients that ask too often are", "192.0.2.2 - GET /reports 200", f"{first} 200"
    ]  # fmt: skip


def test_names_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest of very many is forgotten; one that asks all the time is not."""
    monkeypatch.setattr("plimsoll.api.access._MOST_CLIENTS", 10)
    minutes = Minutes(2)
    assert [minutes.more("mine"), minutes.more("mine"), minutes.more("mine")] == [True, True, False]
    for n in range(50):
        minutes.more(f"other-{n}")
        assert not minutes.more("mine")
    assert len(minutes._counts) == 10  # pyright: ignore[reportPrivateUsage] - what is bounded
