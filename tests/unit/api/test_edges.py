"""The doors of the service at their very edge: places, minutes, lengths of names, bodies, and what a lock waits for."""

import asyncio
import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from plimsoll.api import segments
from plimsoll.api.connections import Places, places
from plimsoll.api.refusals import Busy
from plimsoll.api.segments import Arrived, Taking
from plimsoll.api.tokens import Token, Tokens
from plimsoll.api.workers import Ended
from plimsoll.errors import BadParameter, TemporaryError
from plimsoll.lake.shared.ingest import MOST_BYTES

NOW = datetime(2026, 1, 16, tzinfo=UTC)


class Standing:
    """A connection as `Places` sees it."""

    def __init__(self, since: float = 0.0, *, waiting: bool = True) -> None:
        self.since, self.waiting, self.ended = since, waiting, False

    def end(self) -> None:
        """Noted."""
        self.ended = True


def test_so_many_places_altogether_and_of_one_address() -> None:
    """The last one is given without anybody's having to go; the next one costs the longest waiting."""
    all_: Any = Places(4, 2)
    first, second, third, fourth = (Standing(n) for n in range(4))
    for one, who in ((first, "a"), (second, "a"), (third, "b"), (fourth, "b")):
        assert all_.take(one, who)
    assert not any(one.ended for one in (first, second, third, fourth))
    fifth = Standing(9)
    assert all_.take(fifth, "a")
    assert (first.ended, second.ended, third.ended) == (True, False, False)
    assert first not in all_.taken
    assert all_.taken[fifth] == "a"
    assert len(all_.taken) == 4
    assert all_.take(Standing(10), "c")
    assert second.ended
    assert not third.ended


def test_a_busy_one_never_gives_way_and_the_newcomer_gets_no_place() -> None:
    """Neither within its address nor altogether."""
    all_: Any = Places(2, 1)
    busy, other = Standing(0, waiting=False), Standing(0, waiting=False)
    assert all_.take(busy, "a")
    assert not all_.take(Standing(1), "a")
    assert all_.take(other, "b")
    assert not all_.take(Standing(1), "c")
    assert (busy.ended, other.ended, len(all_.taken)) == (False, False, 2)
    all_.leave(busy)
    all_.leave(busy)
    assert all_.take(Standing(1), "c")


def test_crowding_is_said_once_a_minute_with_how_many(caplog: pytest.LogCaptureFixture) -> None:
    """At once, then after sixty seconds and not a moment before, with those in between."""
    now = [100.0]
    all_: Any = Places(1, 1, now=lambda: now[0])
    assert all_.take(Standing(0, waiting=False), "a")
    for at in (100.0, 100.5, 159.9, 160.0):
        now[0] = at
        assert not all_.take(Standing(), "b")
    assert [record.args for record in caplog.records] == [(1,), (3,)]


@pytest.mark.parametrize(
    ("files", "most", "of_one"), [(1_184, 1_000, 64), (1_159, 999, 64), (170, 10, 10), (167, 8, 8), (20, 8, 8)]
)
def test_places_leave_descriptors_for_files(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int, of_one: int
) -> None:
    """160 for all else; never fewer places than eight; without a limit as many as wanted."""
    limits = [(files, files)]

    def limit(_: int) -> tuple[int, int]:
        return limits[-1]

    monkeypatch.setattr("resource.getrlimit", limit)
    found = places(1_000, 64)
    assert (found.most, found.most_of_one) == (most, of_one)
    limits.append((-1, -1))
    assert (places(1_000, 64).most, places(4, 64).most_of_one) == (1_000, 4)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb"])
def test_a_token_s_name_is_short_and_printable(tmp_path: Path, name: str) -> None:
    """1 to 64 characters."""
    tokens = Tokens(tmp_path / "tokens.json")
    with pytest.raises(BadParameter, match="1 to 64 printable characters"):
        tokens.new(name, (), NOW)
    assert tokens.found() is None
    tokens.new("x" * 64, (), NOW)
    tokens.new("y", (), NOW)
    assert [one.name for one in tokens.all()] == ["x" * 64, "y"]


def test_a_token_s_text_is_long_and_kept_as_a_hash(tmp_path: Path) -> None:
    """256 bits; only Bearer, in any case, opens; scopes are kinds with a value."""
    tokens = Tokens(tmp_path / "tokens.json")
    text = tokens.new("a", ("region:east", "resource:r"), NOW)
    assert text.startswith("plm_")
    assert len(text) == len("plm_") + 43
    assert text.encode() not in tokens.path.read_bytes()
    known = tokens.all()
    found = Tokens.match(known, f"bEaReR  {text} ".encode())
    assert found is not None
    assert (found.scopes, found.created, found.ships) == (("region:east", "resource:r"), "2026-01-16T00:00:00Z", None)
    for wrong in (None, b"", b"Basic " + text.encode(), b"Bearer", b"Bearer x", text.encode()):
        assert Tokens.match(known, wrong) is None
    for scope in ("region:", "region", "planet:x", ":x"):
        with pytest.raises(BadParameter, match="--scope"):
            tokens.new("b", (scope,), NOW)
    with pytest.raises(BadParameter, match="is not a token"):
        tokens.revoke("b")
    assert found.only("region") == ("east",)
    rows = json.loads(tokens.path.read_bytes())
    assert list(rows[0]) == ["name", "sha256", "scopes", "created"]


def test_a_change_waits_for_another_one_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the lock for longer than ten seconds is named as the reason; nothing is changed."""
    tokens = Tokens(tmp_path / "tokens.json")
    tokens.new("a", (), NOW)
    now = [0.0]

    def slept(seconds: float) -> None:
        now[0] += 100 * seconds

    monkeypatch.setattr("plimsoll.api.kept_file.time.monotonic", lambda: now[0])
    monkeypatch.setattr("plimsoll.api.kept_file.time.sleep", slept)
    lock = os.open(tmp_path / ".tokens.json.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(TemporaryError, match="another process has been changing it for 10 s; try again"):
        tokens.new("b", (), NOW)
    assert 10 < now[0] <= 14
    os.close(lock)
    tokens.new("b", (), NOW)
    assert [one.name for one in tokens.all()] == ["a", "b"]


class Workers:
    """What the checking process answers, one after the other; an exception is raised."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers, self.asked_for = list(answers), list[bytes]()

    async def asked(self, question: bytes) -> bytes:
        """The next one."""
        self.asked_for.append(question)
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


SHIPS = Token("t", "0" * 64, ("ship:h", "resource:a"), "2026-01-16T00:00:00Z")


def request(token: Token | None, body: list[bytes], length: str | None = None) -> Request:
    """A POST of these parts."""
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    parts.append({"type": "http.request", "body": b"", "more_body": False})
    messages = iter(parts)

    async def receive() -> Any:  # noqa: ANN401 - ASGI's
        return next(messages)

    length = str(sum(map(len, body))) if length is None else length
    headers = [(b"content-length", length.encode())] if length else []
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b"",
             "path_params": {"table": "samples", "name": "n"}}  # fmt: skip
    if token is not None:
        scope["plimsoll.token"] = token
    return Request(scope, receive)


def taken(workers: Workers, *requests: Request, taking: Any = None) -> list[tuple[int, str]]:  # noqa: ANN401
    """(status, code) of each, one after the other, by one route."""
    route: Any = taking or Taking(workers, lambda: NOW)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    async def all_() -> list[Response]:
        return [await route.take(one) for one in requests]

    found = asyncio.run(all_())
    return [(one.status_code, json.loads(bytes(one.body)).get("error", {}).get("code", "")) for one in found]


def test_a_segment_reaches_the_process_whole_and_its_answer_comes_back() -> None:
    """With its host, what it may be about, and when it came; whatever parts it came in."""
    workers = Workers(b'201{"kept": "n"}', b'422{"error": {"code": "rows_refused"}}')
    assert taken(workers, request(SHIPS, [b"ab", b"", b"c"]), request(SHIPS, [b"abc"])) == [
        (201, ""),
        (422, "rows_refused"),
    ]
    arrived = msgspec.msgpack.decode(workers.asked_for[0], type=Arrived)
    assert arrived == Arrived("samples", "n", b"abc", "h", ("a",), NOW)


@pytest.mark.parametrize(
    ("body", "length", "said"),
    [
        ([b"abc"], "2", (400, "cut_off")), ([b"ab", b"c"], "4", (400, "cut_off")),
        ([b""], "", (411, "length_required")),
        ([b""], "-1", (411, "length_required")), ([b""], "1" * 13, (411, "length_required")),
        ([b""], "9" * 12, (413, "too_large")), ([b""], str(MOST_BYTES + 1), (413, "too_large")),
        ([b"x"], str(MOST_BYTES), (400, "cut_off")),
    ],
)  # fmt: skip
def test_a_body_is_as_long_as_it_says_and_not_too_long(body: list[bytes], length: str, said: tuple[int, str]) -> None:
    """No process is asked about any other."""
    assert taken(Workers(), request(SHIPS, body, length)) == [said]


def test_who_does_not_ship_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token and with one that reads; and whoever ships is told its host."""
    reads = Token("r", "0" * 64, (), "")
    assert taken(Workers(), request(None, [b"x"]), request(reads, [b"x"])) == [(401, "not_a_collector")] * 2
    route = Taking(Workers(), lambda: NOW)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    refused = asyncio.run(route.known(request(None, [])))
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert json.loads(bytes(asyncio.run(route.known(request(SHIPS, []))).body)) == {"host": "h"}

    async def never(_: Request) -> bytes:
        await asyncio.sleep(5)
        return b""

    monkeypatch.setattr(segments, "_body", never)
    monkeypatch.setattr(segments, "BODY_S", 0.01)
    assert taken(Workers(), request(SHIPS, [b"x"])) == [(408, "too_slow")]


def test_four_at_once_and_two_of_one_token() -> None:
    """The next one is asked to come again; a place is free as soon as one is answered, however that was."""
    route = Taking(Workers(b"201{}", b"201{}"), lambda: NOW)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    busy = route._in_progress  # pyright: ignore[reportPrivateUsage]
    busy["t"] = 1
    assert taken(Workers(), request(SHIPS, [b"x"]), taking=route) == [(201, "")]
    busy["t"] = 2
    assert taken(Workers(), request(SHIPS, [b"x"]), taking=route) == [(503, "busy")]
    busy["t"], busy["u"], busy["v"] = 0, 2, 2
    assert taken(Workers(), request(SHIPS, [b"x"]), taking=route) == [(503, "busy")]
    busy["v"] = 1
    assert taken(Workers(), request(SHIPS, [b"x"]), taking=route) == [(201, "")]
    assert busy["t"] == 0


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([Ended("x"), b"201{}"], [(201, "")]),
        ([Ended("x"), Ended("x")], [(422, "rows_refused")]),
        ([Busy("x"), Busy("x")], [(503, "busy"), (422, "rows_refused"), (422, "rows_refused")]),
        ([Busy("x"), b"201{}", Busy("x")], [(503, "busy"), (201, ""), (503, "busy")]),
        ([Busy("x"), Ended("x")], [(503, "busy"), (422, "rows_refused")]),
    ],
)
def test_a_segment_that_ends_its_process_twice_is_not_tried_again(
    answers: list[bytes | Exception], said: list[tuple[int, str]]
) -> None:
    """Once may be chance; what was kept in the end begins anew."""
    workers = Workers(*answers)
    assert taken(workers, *(request(SHIPS, [b"x"]) for _ in said)) == said
    assert workers.answers == []


def test_what_failed_is_remembered_for_a_thousand_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten: its memory does not grow with what strangers send."""
    monkeypatch.setattr(segments, "_MOST_REMEMBERED", 2)
    route = Taking(Workers(), lambda: NOW)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    route._failed.update({"1": 2, "2": 2, "h/samples/n": 2})  # pyright: ignore[reportPrivateUsage]
    assert taken(Workers(), request(SHIPS, [b"x"]), taking=route) == [(422, "rows_refused")]
    assert list(route._failed) == ["2", "h/samples/n"]  # pyright: ignore[reportPrivateUsage]


def test_each_refusal_has_its_status() -> None:
    """Whose fault it is decides whether the host asks again."""
    from plimsoll.errors import DiskError, LakeError, PlimsollError, UsageError
    from plimsoll.lake.shared.ingest import NotAllowedForToken

    kinds: list[tuple[PlimsollError, tuple[int, str]]] = [
        (NotAllowedForToken("x"), (403, "not_yours")), (UsageError("x"), (400, "bad_segment")),
        (LakeError("x"), (422, "rows_refused")), (DiskError("x"), (507, "no_room")),
        (TemporaryError("x"), (503, "unavailable")), (PlimsollError("x"), (503, "unavailable")),
    ]  # fmt: skip
    assert [segments._status(error) for error, _ in kinds] == [said for _, said in kinds]  # pyright: ignore[reportPrivateUsage]
