"""The one thing that the service takes: segments, from who may ship them, checked before they count."""

import asyncio
import io
import json
import socket
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from plimsoll.api.refusals import Busy
from plimsoll.api.segments import AT_ONCE, Arrived, Taking, taking
from plimsoll.api.tokens import Token, Tokens
from plimsoll.api.workers import Ended
from plimsoll.errors import BadParameter
from plimsoll.lake import Lake, Segment
from plimsoll.lake.format.encoding import PARQUET, STREAM, encode_segment, streaming
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.segments import checksum, describe
from plimsoll.lake.shared.ingest import MOST_BYTES
from plimsoll.tables import RESOURCES, SAMPLES, Table
from tests.services import Reply, ask, listening

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Owner:
    """A service that takes segments of gpu_a."""

    port: int
    root: Path
    token: str

    def post(self, table: str, name: str, data: bytes, *, token: str | None = None, **headers: str) -> Reply:
        """Ships one segment."""
        told = {"Authorization": f"Bearer {token or self.token}", "Content-Length": str(len(data))}
        told |= {key.replace("_", "-"): value for key, value in headers.items()}
        return ask(self.port, f"/v1/segments/{table}/{name}", method="POST", headers=told, body=data)

    def rows(self) -> pl.DataFrame:
        """What the lake has."""
        return Lake(self.root / "data" / "lake").snapshot().scan(SAMPLES).collect()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An owner's project."""
    root = tmp_path_factory.mktemp("owner") / "project"
    root.mkdir()
    (root / "config.toml").write_text("[plimsoll]\n[serve]\nrequests_per_minute = 100000\n")
    return root


@pytest.fixture(scope="module")
def owner(root: Path) -> Generator[Owner]:
    """The service, with a token of gpu_a that may write about gpu_a only."""
    token = Tokens(root / "data" / "tokens.json").new("a", ("ship:gpu_a", "resource:gpu_a"), NOW)
    with listening(root) as port:
        yield Owner(port, root, token)


def segment(
    rows: list[dict[str, object]], *, host: str = "gpu_a", table: Table = SAMPLES, order: int = 1
) -> tuple[str, bytes]:
    """A segment's name and bytes, as a host makes them."""
    frame = table.frame(rows)
    data, form = encode_segment(frame)
    return describe(frame, data, form, order=order, collector=host).name, data


def reading(ts: datetime = NOW, resource: str = "gpu_a", **more: object) -> dict[str, object]:
    """One reading."""
    return {"ts": ts, "resource_id": resource, "device": "", "source": "t", "cpu_utilization_pct": 1.0, **more}


def test_a_segment_is_kept_once(owner: Owner) -> None:
    """201, then 200 for the same one again; its rows are in the lake, once."""
    name, data = segment([reading(NOW - timedelta(seconds=n)) for n in range(10)])
    assert [owner.post("samples", name, data).status for _ in range(3)] == [201, 200, 200]
    assert owner.rows().filter(pl.col("resource_id") == "gpu_a").height == 10
    Lake(owner.root / "data" / "lake").compact(now=NOW)
    assert owner.post("samples", name, data).status == 200, "merged is kept too"


@pytest.mark.parametrize(
    "path", ["/v2/monitoring/performance", "/", "/reports", "/metrics", "/feeds/latest/manifest.json"]
)
def test_a_token_that_ships_reads_nothing(owner: Owner, path: str) -> None:
    """403 for every other route."""
    reply = ask(owner.port, path, headers={"Authorization": f"Bearer {owner.token}"})
    assert (reply.status, reply.json()["error"]["code"]) == (403, "out_of_scope")


def test_who_does_not_ship_ships_nothing(owner: Owner) -> None:
    """No token: 401. A token that reads: 403. And nothing is kept."""
    reading_token = Tokens(owner.root / "data" / "tokens.json").new("reader", (), NOW)
    name, data = segment([reading(resource="x")], order=7)
    before = owner.rows().height
    assert owner.post("samples", name, data, token="plm_wrong").status == 401
    assert owner.post("samples", name, data, token=reading_token).status == 403
    assert ask(owner.port, "/v1/segments", headers={"Authorization": f"Bearer {owner.token}"}).json() == {
        "host": "gpu_a"
    }
    assert owner.rows().height == before


def _cases() -> dict[str, tuple[int, str, str, bytes, str]]:
    name, data = segment([reading()], order=2)
    other, other_data = segment([reading()], host="gpu_b")
    far, far_data = segment([reading(NOW + timedelta(days=1))])
    wide, wide_data = segment([reading(), reading(NOW - timedelta(days=5))])
    about, about_data = segment([reading(resource="gpu_b")])
    long, long_data = segment([reading(device="d" * 300)])
    flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    no_stream = b"not a stream"
    parsed = Segment.parse(name)
    assert parsed is not None
    junk = replace(parsed, crc32=checksum(no_stream)).name
    more = replace(parsed, rows=7).name
    moved = replace(parsed, first_ms=parsed.first_ms - 5).name
    shape = pl.DataFrame({"ts": [NOW], "no_such_metric": [1.0]}).with_columns(
        pl.col("ts").cast(pl.Datetime("ms", "UTC"))
    )
    strange_data, form = encode_segment(shape)
    strange = describe(shape, strange_data, form, order=3, collector="gpu_a").name
    bad_type, bad_type_data = segment(
        [{"ts": NOW, "resource_id": "gpu_a", "source": "t", "name": "a", "type": "toaster"}], table=RESOURCES
    )
    bad_labels, bad_labels_data = segment(
        [{"ts": NOW, "resource_id": "gpu_a", "source": "t", "name": "a", "type": "cluster", "labels": "[1"}],
        table=RESOURCES,
    )
    return {
        "another host's name": (403, "samples", other, other_data, "the token is of host"),
        "about another resource": (403, "samples", about, about_data, "may not write about"),
        "no such table": (400, "secrets", name, data, "use one of"),
        "not the name of a segment": (
            400,
            "samples",
            "d-2026-01-16-0123456789abcdef.parquet",
            data,
            "is not the name of a segment",
        ),
        "a way out of the folder": (404, "samples", "..%2f..%2fconfig.toml", data, "no such path"),
        "a flipped bit": (400, "samples", name, flipped, "another checksum"),
        "no stream": (422, "samples", junk, no_stream, "cannot be read as arrows"),
        "fewer rows than told": (422, "samples", more, data, "its name tells 7"),
        "another span": (400, "samples", moved, data, "another time span"),
        "the future": (422, "samples", far, far_data, "mind the clock"),
        "five days": (422, "samples", wide, wide_data, "more than 2 days"),
        "a column that no table has": (422, "samples", strange, strange_data, "no_such_metric"),
        "a name without end": (422, "samples", long, long_data, "device has a value of 300 bytes"),
        "no resource type": (422, "resources", bad_type, bad_type_data, "toaster"),
        "labels that no report could read": (422, "resources", bad_labels, bad_labels_data, "labels is not JSON"),
    }


@pytest.mark.parametrize("case", _cases())
def test_what_is_wrong_is_refused_and_nothing_is_kept(owner: Owner, case: str) -> None:
    """Each with its status and one line that says why."""
    status, table, name, data, why = _cases()[case]
    before = sorted(path.name for path in (owner.root / "data" / "lake").rglob("*.parquet"))
    reply = owner.post(table, name, data)
    assert (reply.status, why in json.dumps(reply.json(), ensure_ascii=False)) == (status, True), reply.body
    assert sorted(path.name for path in (owner.root / "data" / "lake").rglob("*.parquet")) == before


def test_a_body_is_bounded_before_it_is_read(owner: Owner) -> None:
    """Its length has to be told, and is at most 16 MiB; more bytes than were told are not read."""
    name, _ = segment([reading()], order=4)
    assert owner.post("samples", name, b"", Content_Length=str(MOST_BYTES + 1)).status == 413
    told = {"Authorization": f"Bearer {owner.token}", "Transfer-Encoding": "chunked"}
    reply = ask(owner.port, f"/v1/segments/samples/{name}", method="POST", headers=told, body=b"0\r\n\r\n")
    assert reply.status == 411
    assert AT_ONCE * MOST_BYTES <= 64 * 1024**2, "what strangers can make the service hold"


def test_one_token_cannot_take_all_places(owner: Owner) -> None:
    """Two bodies of one token may be on their way; the third is asked to come again, another host is served."""
    other = Tokens(owner.root / "data" / "tokens.json").new("patient", ("ship:gpu_p",), NOW)
    head = (
        f"POST /v1/segments/samples/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {owner.token}\r\n"
        "Content-Length: 1000\r\n\r\n"
    )
    slow = [socket.create_connection(("127.0.0.1", owner.port)) for _ in range(6)]
    for one in slow:
        one.sendall(head.encode())
        time.sleep(0.05)
    name, data = segment([reading()], order=31)
    assert owner.post("samples", name, data).status == 503
    name, data = segment([reading(resource="gpu_p")], host="gpu_p", order=32)
    assert owner.post("samples", name, data, token=other).status == 201
    for one in slow:
        one.close()


def test_a_bomb_costs_only_the_process_that_opens_it(owner: Owner) -> None:
    """A segment of few bytes and ten million rows is refused by its own count; the service goes on."""
    many = pl.select(ts=pl.repeat(NOW, 10_000_000, dtype=pl.Datetime("ms", "UTC")))
    sink = io.BytesIO()
    many.write_parquet(sink, compression="zstd")
    data = sink.getvalue()
    assert len(data) < MOST_BYTES
    honest = describe(many, data, PARQUET, order=5, collector="gpu_a")
    for segment in (honest, replace(honest, rows=10)):
        reply = owner.post("samples", segment.name, data)
        assert (reply.status, "10000000 rows" in reply.json()["error"]["message"]) == (422, True)
    assert ask(owner.port, "/healthz").status == 200


def test_a_bomb_of_a_stream_is_refused_for_good(owner: Owner) -> None:
    """422, so that the host does not send it for ever: what it announces is more than a segment may be."""
    stamps = pl.select(ts=pl.repeat(NOW, 10_000_000, dtype=pl.Datetime("ms", "UTC")))
    many = stamps.head(3_000_000).with_columns(resource_id=pl.lit("gpu_a"), device=pl.lit(""), source=pl.lit("t"))
    data = streaming(many, "zstd")
    assert len(data) < MOST_BYTES
    honest = describe(many, data, STREAM, order=5, collector="gpu_a")
    for segment in (honest, replace(honest, rows=10)):
        reply = owner.post("samples", segment.name, data)
        assert (reply.status, "000000 rows" in reply.json()["error"]["message"]) == (422, True)


class _Checking:
    """A process that ends, or does not answer, as often as it is said."""

    def __init__(self, *raised: Exception) -> None:
        self.raised, self.questions = list(raised), 0

    async def asked(self, question: bytes) -> bytes:
        """May fail."""
        del question
        self.questions += 1
        if self.raised:
            raise self.raised.pop(0)
        return b"201{}"


def posted(taking_in: Taking, name: str = "a") -> Response:
    """One body of host gpu_a at the route, without a server."""
    app = Starlette(routes=[Route("/{table}/{name}", taking_in.take, methods=["POST"])])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/samples/{name}",
        "headers": [(b"content-length", b"1")],
        "query_string": b"",
        "plimsoll.token": Token("t", "", ("ship:gpu_a",), ""),
    }
    asyncio.run(app(scope, receive, send))
    return Response(sent[1]["body"], sent[0]["status"])


@pytest.mark.parametrize(
    ("raised", "statuses", "asked"),
    [
        ([Ended("by its memory")], [201], 2),
        ([Ended("by its memory")] * 2, [422, 422], 2),
        ([Busy("beyond its deadline")], [503, 201], 2),
        ([Busy("beyond its deadline")] * 2, [503, 422, 422], 2),
    ],
)
def test_a_segment_that_ends_its_process_twice_is_refused_for_good(
    raised: list[Exception], statuses: list[int], asked: int
) -> None:
    """Once may be chance, and the host's second try is honest; after that it is 422, and decoded no more."""
    process: Any = _Checking(*raised)
    taking_in = Taking(process, lambda: NOW)
    assert [posted(taking_in).status_code for _ in statuses] == statuses
    assert process.questions == asked
    assert posted(taking_in, "another").status_code == 201


def test_a_disk_without_room_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """507 over HTTP: the reserve of the disk is kept, however many hosts ship."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n")

    def full(self: Files, folder: Path) -> tuple[int, int]:
        del self, folder
        return 10, 10**12

    monkeypatch.setattr(Files, "space", full)
    name, data = segment([reading()])
    arrived = Arrived("samples", name, data, "gpu_a", (), NOW)
    answer = taking(str(tmp_path))(msgspec.msgpack.encode(arrived))
    assert (answer[:3], b"must stay free" in answer) == (b"507", True)
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("scopes", [("ship:a", "ship:b"), ("ship:a", "region:x"), ("ship:",)])
def test_a_shipping_token_is_of_one_host(tmp_path: Path, scopes: tuple[str, ...]) -> None:
    """And it cannot read besides."""
    with pytest.raises(BadParameter, match="--scope"):
        Tokens(tmp_path / "tokens.json").new("x", scopes, NOW)


def test_a_token_knows_its_host_as_segments_carry_it(tmp_path: Path) -> None:
    """ship:GPU-01 is the host whose segments are called gpu_01."""
    tokens: Any = Tokens(tmp_path / "tokens.json")
    tokens.new("x", ("ship:GPU-01",), NOW)
    assert tokens.all()[0].ships == "gpu_01"
