"""Tokens are closed by default: whatever happens to their file, it opens nothing; no change of it is lost."""

import asyncio
import errno
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from plimsoll.api.access import Access
from plimsoll.api.metrics import Counts
from plimsoll.api.tokens import Token, Tokens
from plimsoll.cli import run
from plimsoll.config.engine import Serve
from plimsoll.errors import BadParameter, DiskError, LakeError
from plimsoll.fleet.resources import Resource

NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Door:
    """The access layer over an application that lets everybody in; asked without a server."""

    def __init__(self, path: Path, *, local: bool) -> None:
        self.tokens = Tokens(path)
        self._access = Access(PlainTextResponse("in"), self.tokens, Serve.model_validate({}), Counts(), local=local)

    def ask(self, token: str = "", *, host: str = "localhost", path: str = "/reports") -> int:
        """The status of one request."""
        headers = [(b"host", host.encode())]
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        scope: dict[str, Any] = {
            "type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers,
            "client": ("192.0.2.1", 1),
        }  # fmt: skip
        found: list[int] = []

        async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's
            if message["type"] == "http.response.start":
                found.append(message["status"])

        async def receive() -> dict[str, str]:
            return {"type": "http.disconnect"}

        asyncio.run(self._access(scope, receive, send))
        return found[0]


def test_without_a_token_nobody_is_let_in_from_elsewhere(tmp_path: Path) -> None:
    """No file, an empty list, a lost file: only a service of this machine alone was ever open."""
    far = Door(tmp_path / "tokens.json", local=False)
    assert far.ask() == 401
    assert far.ask(path="/healthz") == 200
    text = far.tokens.new("a", (), NOW)
    assert far.ask(text) == 200
    far.tokens.revoke("a")
    assert (far.ask(), far.ask(text)) == (401, 401)
    far.tokens.path.unlink()
    assert (far.ask(), far.ask(text)) == (401, 401)


def test_on_this_machine_the_first_token_closes_for_good(tmp_path: Path) -> None:
    """Revoking the last one, or losing the file, does not open again; nor does a restart with an emptied list."""
    near = Door(tmp_path / "tokens.json", local=True)
    assert near.ask() == 200
    near.tokens.new("a", (), NOW)
    assert near.ask() == 401
    near.tokens.revoke("a")
    assert near.ask() == 401
    assert Door(tmp_path / "tokens.json", local=True).ask() == 401
    near.tokens.path.unlink()
    assert near.ask() == 401


@pytest.mark.parametrize("damaged", [b"", b"{", b"{}", b"[1]", b'[{"name": "a"}]', b"\xff"])
def test_a_damaged_file_is_said_and_opens_nothing(tmp_path: Path, damaged: bytes) -> None:
    """503 with what to do, whatever the file holds."""
    near = Door(tmp_path / "tokens.json", local=True)
    text = near.tokens.new("a", (), NOW)
    near.tokens.path.write_bytes(damaged)
    assert (near.ask(), near.ask(text)) == (503, 503)
    near.tokens.path.unlink()
    os.mkfifo(near.tokens.path)  # nothing to read, and nobody may wait for it
    assert near.ask(text) == 503


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    """A file of tokens that somebody else could write is none."""
    foreign = Tokens(tmp_path / "foreign.json")
    text = foreign.new("a", (), NOW)
    (tmp_path / "tokens.json").symlink_to(foreign.path)
    assert Door(tmp_path / "tokens.json", local=False).ask(text) == 503
    with pytest.raises(LakeError, match="link"):
        Tokens(tmp_path / "tokens.json").all()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:80", 200),
        ("[::1]", 200),
        ("[::1]:99", 200),
        ("127.0.0.1:1@evil.example", 400),
        ("127.0.0.1:80:80", 400),
        ("localhost:", 400),
        ("localhost:http", 400),
        ("localhost, evil.example", 400),
        ("localhost.evil.example", 400),
        ("", 400),
    ],
)
def test_a_host_is_a_name_and_a_port_and_nothing_else(tmp_path: Path, host: str, status: int) -> None:
    """What a browser was led to by another name is refused."""
    assert Door(tmp_path / "tokens.json", local=True).ask(host=host) == status


def test_changes_at_the_same_time_all_stay(tmp_path: Path) -> None:
    """Eight new tokens beside eight revocations: none is lost, none comes back."""
    path = tmp_path / "tokens.json"
    for number in range(8):
        Tokens(path).new(f"old{number}", (), NOW)
    work = [threading.Thread(target=Tokens(path).revoke, args=(f"old{n}",)) for n in range(8)]
    work += [threading.Thread(target=Tokens(path).new, args=(f"new{n}", (), NOW)) for n in range(8)]
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert [one.name for one in Tokens(path).all()] == [f"new{n}" for n in range(8)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_one_line_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 74; the tokens that were there still open."""
    (tmp_path / "data").mkdir()
    (tmp_path / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    path = tmp_path / "data" / "tokens.json"
    Tokens(path).new("before", (), NOW)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("plimsoll.api.kept_file.os.fsync", full)
    assert run(["token", "new", "x", "--project", str(tmp_path)]) == DiskError.exit_code
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "No space left" in said[0]
    assert [one["name"] for one in json.loads(path.read_bytes())] == ["before"]
    assert sorted(p.name for p in path.parent.iterdir()) == [".tokens.json.lock", "tokens.json"]


def _token(*scopes: str) -> Token:
    return Token("n", "0" * 64, scopes, "2026-11-20T00:00:00Z")


@pytest.mark.parametrize(
    ("scopes", "seen"),
    [
        ((), True),
        (("region:east",), True),
        (("region:west",), False),
        (("region:west", "region:east"), True),
        (("region:east", "type:network"), False),
        (("region:east", "type:cluster", "resource:a"), True),
        (("ship:h",), False),
        (("ship:h", "resource:a"), False),
    ],
)
def test_a_token_sees_what_is_inside_every_kind_of_its_scopes(scopes: tuple[str, ...], seen: bool) -> None:
    """One value of each kind is enough, one kind is not; what ships reads nothing."""
    resource = Resource(resource_id="a", name="a", type="cluster", region="east")
    assert _token(*scopes).sees(resource) is seen


@pytest.mark.parametrize("scopes", [("ship:a", "ship:b"), ("ship:a", "region:east"), ("ship:a", "type:cluster")])
def test_a_token_that_ships_is_of_one_host_and_reads_nothing(tmp_path: Path, scopes: tuple[str, ...]) -> None:
    """Anything else is refused, and no token is made; bound to resources is fine."""
    tokens = Tokens(tmp_path / "tokens.json")
    with pytest.raises(BadParameter, match="goes with resource:ID only, and once"):
        tokens.new("x", scopes, NOW)
    assert tokens.new("y", ("ship:a", "resource:r", "resource:s"), NOW).startswith("plm_")
    with pytest.raises(BadParameter, match="exists; revoke it first"):
        tokens.new("y", (), NOW)
