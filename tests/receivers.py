"""Services that take messages, on loopback: each keeps what it got and when, and refuses what the real one would."""

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from plimsoll.clock import Clock, instant

Judge = Callable[[Any, Mapping[str, str]], tuple[int, str]]


@dataclass(frozen=True)
class Got:
    """One request: the path, the JSON, the headers (names in small letters), and the clock when it came."""

    path: str
    body: Any
    headers: Mapping[str, str]
    at: datetime


@dataclass
class Receiver:
    """A service; `judge` gives status and text, `silent` takes a message and never answers."""

    clock: Clock
    port: int = 0
    got: list[Got] = field(default_factory=list[Got])
    judge: Judge = lambda _body, _headers: (200, "ok")
    silent: bool = False

    def url(self, path: str = "/secret-path") -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def receiver(clock: Clock, judge: Judge | None = None) -> Generator[Receiver]:
    """A service that listens."""
    one = Receiver(clock)
    if judge is not None:
        one.judge = judge

    class Handler(BaseHTTPRequestHandler):
        """Keeps every POST."""

        def do_POST(self) -> None:
            """Remembers, then answers or not."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            one.got.append(Got(self.path, body, headers, one.clock.now()))
            if one.silent:
                self.close_connection = True
                return
            status, text = one.judge(body, headers)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_slack(token: str) -> Judge:
    """chat.postMessage: 200 to everything, `ok` says what came of it, `ts` names the message."""
    posted: list[str] = []

    def judge(body: Any, headers: Mapping[str, str]) -> tuple[int, str]:  # noqa: ANN401
        if headers.get("authorization") != f"Bearer {token}":
            return 200, json.dumps({"ok": False, "error": "invalid_auth"})
        if not body.get("channel") or not body.get("text"):
            return 200, json.dumps({"ok": False, "error": "no_text"})
        if body.get("thread_ts") not in (None, *posted):
            return 200, json.dumps({"ok": False, "error": "thread_not_found"})
        posted.append(f"1700000000.{len(posted):06d}")
        return 200, json.dumps({"ok": True, "channel": "C1", "ts": posted[-1]})

    return judge


def as_pagerduty(key: str, open_incidents: dict[str, str]) -> Judge:
    """Events v2: 202 and the deduplication key; `open_incidents` is what somebody would be paged for."""

    def judge(body: Any, _: Mapping[str, str]) -> tuple[int, str]:  # noqa: ANN401
        payload = body.get("payload", {})
        sound = (
            body.get("routing_key") == key
            and body.get("event_action") in ("trigger", "resolve")
            and 0 < len(body.get("dedup_key", "")) <= 255
            and 0 < len(payload.get("summary", "")) <= 1024
            and payload.get("severity") in ("critical", "error", "warning", "info")
            and payload.get("source")
        )
        if not sound:
            return 400, json.dumps({"status": "invalid event"})
        if body["event_action"] == "resolve":
            open_incidents.pop(body["dedup_key"], None)
        else:
            open_incidents[body["dedup_key"]] = payload["summary"]
        return 202, json.dumps({"status": "success", "dedup_key": body["dedup_key"]})

    return judge


def as_alertmanager(clock: Clock, alerts: dict[str, datetime]) -> Judge:
    """API v2: alerts are joined by their labels; `alerts` keeps until when each is active."""

    def judge(body: Any, _: Mapping[str, str]) -> tuple[int, str]:  # noqa: ANN401
        for one in body:
            if not one["labels"].get("alertname") or instant(one["startsAt"]) > instant(one["endsAt"]):
                return 400, "bad alert"
            alerts[json.dumps(one["labels"], sort_keys=True)] = instant(one["endsAt"])
        assert clock.now()
        return 200, ""

    return judge


def as_ntfy(body: Any, _: Mapping[str, str]) -> tuple[int, str]:  # noqa: ANN401
    """JSON publishing: a topic and a priority from 1 to 5."""
    sound = body.get("topic") and body.get("priority") in range(1, 6)
    return (200, json.dumps({"id": "x"})) if sound else (400, json.dumps({"code": 40024}))


def as_teams(body: Any, _: Mapping[str, str]) -> tuple[int, str]:  # noqa: ANN401
    """A workflow: a message with one adaptive card."""
    (attachment,) = body["attachments"]
    card = attachment["content"]
    sound = body["type"] == "message" and card["type"] == "AdaptiveCard" and card["body"][0]["text"]
    return (202, "") if sound else (400, "no card")
