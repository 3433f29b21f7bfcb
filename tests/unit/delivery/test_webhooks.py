"""Webhooks: one POST to an allowed host; the address stays a secret."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from plimsoll.delivery import post as posting
from plimsoll.delivery.channels import channels
from plimsoll.delivery.notify import Notify
from plimsoll.delivery.outcome import Outcome
from plimsoll.delivery.post import encoded

TOLD = {
    "kind": "daily",
    "fleet": "demo",
    "state": "Watch this week.",
    "facts": "<b>x</b> & y",
    "link": "https://r.example.org/",
    "alerts": [
        {
            "id": "a1",
            "severity": "high",
            "resource": "r",
            "metric": "gpu_power_w",
            "message": "m",
            "since": "2026-01-16T18:00:00Z",
        }
    ],
}


def body(kind: str, payload: dict[str, Any]) -> bytes:
    """A report's summary as a kind of service gets it."""
    shape = channels()[kind].report
    assert shape is not None
    return encoded(shape(payload, ""))


def post(settings: Notify, address: str | None, raw: bytes) -> Outcome:
    """One attempt with the address in the environment."""
    return posting.post(settings, raw, identity="<i@x>", environment={"HOOK": address} if address else {})


class Hook(ThreadingHTTPServer):
    """A server that remembers what it got and answers as told."""

    status = 200
    got: list[bytes]


class Handler(BaseHTTPRequestHandler):
    """Answers every POST."""

    def do_POST(self) -> None:
        """Remembers the body."""
        server = self.server
        assert isinstance(server, Hook)
        server.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        if not server.status:  # it took the message, and says nothing
            self.close_connection = True
            return
        self.send_response(server.status)
        self.send_header("Location", "http://elsewhere.example.org/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Keeps quiet."""


@pytest.fixture
def hook() -> Generator[Hook]:
    """The server, listening."""
    server = Hook(("127.0.0.1", 0), Handler)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def settings(**more: Any) -> Notify:  # noqa: ANN401
    """A webhook to loopback."""
    return Notify.model_validate({"url_env": "HOOK", "hosts": ("127.0.0.1",), **more})


def test_it_arrives_and_each_answer_has_its_outcome(hook: Hook) -> None:
    """200 sent; 5xx and 429 later; 4xx and redirects failed, never followed."""
    address = f"http://127.0.0.1:{hook.server_address[1]}/secret-token"
    raw = body("json", TOLD)
    kinds: list[str] = []
    for status in (200, 299, 500, 429, 404, 302, 300):
        hook.status = status
        outcome = post(settings(), address, raw)
        assert "secret-token" not in outcome.detail
        kinds.append(outcome.kind)
    assert kinds == ["sent", "sent", "later", "later", "failed", "failed", "failed"]
    assert hook.got == [raw] * 7
    assert json.loads(raw)["fleet"] == "demo"


def test_a_lost_answer_is_uncertain_and_a_refused_connection_is_not(hook: Hook) -> None:
    """F07: taken, and no answer: it may have arrived; where nobody listens nothing has."""
    hook.status = 0
    lost = post(settings(), f"http://127.0.0.1:{hook.server_address[1]}/secret-token", b"{}")
    assert (lost.kind, hook.got) == ("uncertain", [b"{}"])
    assert "secret-token" not in lost.detail
    assert post(settings(), "http://127.0.0.1:9/secret-token", b"{}").kind == "later"


def test_addresses_that_are_not_allowed_are_refused() -> None:
    """Other hosts, plain http to other machines, none at all."""
    assert post(settings(), None, b"").detail == "no address: set the variable HOOK"
    assert "is not one of its hosts" in post(settings(), "https://evil.example.org/x", b"").detail
    assert "only https" in post(settings(hosts=("a.example.org",)), "http://a.example.org/x", b"").detail
    assert post(settings(), "http://127.0.0.1:9/x", b"").kind == "later"


def test_every_kind_of_service_gets_what_it_understands() -> None:
    """Slack's own markup is escaped; Alertmanager gets one alert each."""
    slack = json.loads(body("slack", TOLD))["text"]
    assert slack.startswith("Watch this week. &lt;b&gt;x&lt;/b&gt; &amp; y (demo)")
    teams = json.loads(body("teams", TOLD))
    assert teams["attachments"][0]["content"]["body"][0]["text"].endswith("(demo)")
    for link in ("", "https://x.example/r"):
        card = json.loads(body("teams", {**TOLD, "link": link}))["attachments"][0]["content"]
        assert [action["url"] for action in card["actions"]] == ([link] if link else [])
        assert ("|Open the report>" in json.loads(body("slack", {**TOLD, "link": link}))["text"]) is bool(link)
    (alert,) = json.loads(body("alertmanager", TOLD))
    assert alert["labels"] == {
        "alertname": "gpu_power_w",
        "resource": "r",
        "severity": "high",
        "fleet": "demo",
        "plimsoll_id": "a1",
    }
