"""Probes and addresses: what an answer's time is made of, whom we speak to, and with which certificate."""

import socket
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from plimsoll.collectors.prometheus.address import scrape
from plimsoll.collectors.prometheus.probes import Prober, probe
from plimsoll.collectors.prometheus.resolver import DialError, check, dial
from plimsoll.collectors.prometheus.settings import Probe
from plimsoll.tables import SAMPLES
from tests.clocks import START
from tests.exporters import Exporter, Handler, Say, exporter
from tests.post_office import certificate

PHASES = ("probe_resolve_ms", "probe_connect_ms", "probe_tls_ms", "probe_processing_ms", "probe_transfer_ms")


@contextmanager
def over_tls(say: Say, folder: Path, *, wants_ours: bool = False) -> Generator[Exporter]:
    """The same server with a certificate for localhost; with `wants_ours` it asks for the client's, too."""
    cert, key = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    if wants_ours:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cert)
    handler = type("Said", (Handler,), {"say": staticmethod(say)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Exporter(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asking(url: str, **more: str) -> Probe:
    """A probe of an address."""
    return Probe.model_validate({"url": url, **more})


def slowly(handler: Handler) -> None:
    """Thinks for a while, then speaks for another."""
    time.sleep(0.3)
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"o")
    handler.wfile.flush()
    time.sleep(0.3)
    handler.wfile.write(b"k")


def test_the_time_of_an_answer_is_split() -> None:
    """Thinking is not transfer; without TLS there is no time for it; a probe's time ends at the first byte."""
    with exporter(slowly) as one:
        prober = Prober({"health": asking(one.url)}, interval_s=30)
        came = prober.read(START, 0.0)
        prober.close()
    (row,) = came.samples
    assert SAMPLES.frame(came.samples).height == 1
    assert row["probe_success_pct"] == 100.0
    assert row["probe_tls_ms"] is None
    assert row["probe_processing_ms"] >= 100  # of 300: a busy machine may see the one a little as the other
    assert row["probe_transfer_ms"] >= 100
    assert row["probe_duration_ms"] == pytest.approx(sum(row[name] or 0.0 for name in PHASES[:4]))


def test_a_failure_has_no_latency() -> None:
    """Refused, a wrong status, a redirect: each with its reason, none with a time."""
    with exporter(lambda h: h.body(b"", status=302, Location="http://127.0.0.1:1/")) as one:
        told = probe(asking(one.url))
        prober = Prober({"moved": asking(one.url)}, interval_s=30)
        (row,) = prober.read(START, 0.0).samples
        prober.close()
    assert (told.ok, told.why) == (False, "answered 302")
    assert row["probe_success_pct"] == 0.0
    assert not row.keys() & set(PHASES)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    refused = probe(asking(f"http://127.0.0.1:{port}/"))
    assert (refused.ok, "ConnectError" in str(refused.why)) == (False, True)


def test_tls_is_proven_by_name_though_a_number_is_dialled(tmp_path: Path) -> None:
    """The days of the certificate are told; a certificate that nobody vouches for is a failure."""
    with over_tls(lambda h: h.body(b"ok"), tmp_path) as one:
        url = f"https://localhost:{one.port}/"
        good = probe(asking(url, ca=str(tmp_path / "cert.pem")))
        unknown = probe(asking(url))
    assert good.ok, good.why
    assert good.milliseconds["probe_tls_ms"]
    assert good.certificate_days is not None
    assert 1 < good.certificate_days <= 2
    assert (unknown.ok, "certificate" in str(unknown.why).lower()) == (False, True)


def test_mutual_tls(tmp_path: Path) -> None:
    """A target that wants our certificate gets it; without one it cannot be read."""
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    with over_tls(lambda h: h.body(b"node_load1 1.5\n"), tmp_path, wants_ours=True) as one:
        url = f"https://localhost:{one.port}/metrics"
        known = one.address(urls=(url,), ca=cert, certificate=cert, key=key)
        stranger = one.address(urls=(url,), ca=cert)
        (read,) = scrape(known).samples
        (told,) = scrape(stranger).collections
    assert read["load_average_count"] == 1.5
    assert told["ok"] is False


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://x/",
        "gopher://x/",
        "http:///metrics",
        "gpu-01:9100/metrics",
        "http://user:pass@x/",
        "http://x:99999/",
        "http://x:port/",
        "http://[fe80::1/",
        "http://x/\r\nHost: y",
        "http://x/ y",
        "http://gpü-01/",
        f"http://x/{'a' * 70_000}",
    ],
)
def test_what_is_no_address_is_refused_at_the_door(url: str) -> None:
    """B07: other schemes, no host, credentials, foreign letters, line ends, endless ones; no secret is repeated."""
    with pytest.raises(ValueError, match=r"is not an address|holds credentials") as refused:
        asking(url)
    assert "bearer_env" in str(refused.value) or "pass@" not in url


@pytest.mark.parametrize(
    "number",
    ["169.254.169.254", "fe80::1%eth0", "224.0.0.1", "0.0.0.0", "0.1.2.3", "::", "fd00:ec2::254", "::ffff:169.254.0.1"],  # noqa: S104
)
def test_names_that_lead_to_metadata_or_nowhere_are_not_spoken_to(number: str) -> None:
    """Also where the name has a good address besides."""
    with pytest.raises(DialError, match=f"inside.example.org leads to {number}, which is not spoken to"):
        check("inside.example.org", ["10.0.0.1", number])


def test_fleets_live_on_private_addresses() -> None:
    """Which the config names on purpose."""
    check("gpu-01", ["10.0.0.1", "192.168.1.1", "127.0.0.1", "::1", "fd12::1", "203.0.113.7"])


def test_a_name_is_resolved_once_and_the_checked_address_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers differently the second time (rebinding) is not asked a second time."""
    real, asked = socket.getaddrinfo, list[str]()

    def answers(host: str, port: int, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        asked.append(host)
        return real("127.0.0.1", port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    seen: list[str] = []

    def say(handler: Handler) -> None:
        seen.append(handler.headers["Host"])
        handler.body(b"node_load1 1\n")

    with exporter(say) as one:
        came = scrape(one.address(urls=(f"http://gpu-01.example.org:{one.port}/metrics",)))
    assert came.collections[0]["ok"]
    assert seen == [f"gpu-01.example.org:{one.port}"]
    assert [name for name in asked if name.startswith("gpu-01")] == ["gpu-01.example.org"]


def test_another_address_is_tried_where_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is two addresses on most machines."""

    def both(_host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", (number, port)) for number in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with exporter(lambda h: h.body(b"node_load1 1\n")) as one:
        assert [way.url for way in dial(f"http://both.example.org:{one.port}/x")] == [
            f"http://127.0.0.2:{one.port}/x", f"http://127.0.0.1:{one.port}/x",
        ]  # fmt: skip
        came = scrape(one.address(urls=(f"http://both.example.org:{one.port}/x",)))
    assert came.collections[0]["ok"], came.collections
