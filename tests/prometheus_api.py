"""A Prometheus server's HTTP API with the moods of a busy one; its data are counters that are computed, not stored."""

import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_RANGE = re.compile(r"^(\w+)\{.*\}\[(\d+)ms\]$")
FAMILIES = ("node_cpu_seconds_total", "node_load1", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes")


@dataclass
class Api:
    """What it holds and how it behaves; `most_ms` is the longest range that it answers."""

    step_s: int = 30
    most_ms: int = 10**9
    warnings: list[str] = field(default_factory=list[str])
    moods: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    port: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str) -> tuple[int, bytes]:
        """(status, body) of one question."""
        parts = urlsplit(path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append(asked.get("query", parts.path))
        mood = self.moods.pop(0) if self.moods else ""
        if mood:
            return _MOODS[mood]
        if parts.path.endswith("/values"):
            return 200, self._body(list(FAMILIES))
        found = _RANGE.match(asked["query"])
        assert found is not None, asked["query"]
        if int(found[2]) > self.most_ms:
            text = "query processing would load too many samples into memory in query execution"
            return 422, json.dumps({"status": "error", "errorType": "execution", "error": text}).encode()
        end_s = float(asked["time"])
        return 200, self._body({"resultType": "matrix", "result": self._series(found[1], end_s, int(found[2]) / 1000)})

    def _body(self, data: Any) -> bytes:  # noqa: ANN401
        told = {"status": "success", "data": data, **({"warnings": self.warnings} if self.warnings else {})}
        return json.dumps(told).encode()

    def _series(self, name: str, end_s: float, length_s: float) -> list[dict[str, Any]]:
        first = -(-int(end_s - length_s) // self.step_s) * self.step_s
        times = [at for at in range(first, int(end_s) + 1, self.step_s) if at >= end_s - length_s]
        labels = {"__name__": name, "instance": "web-1:9100", "job": "node"}
        if name == "node_cpu_seconds_total":
            modes = {"idle": 0.6, "user": 0.4}
            return [
                {"metric": {**labels, "cpu": "0", "mode": mode}, "values": [[at, f"{at * share:.3f}"] for at in times]}
                for mode, share in modes.items()
            ]
        value = {"node_load1": "NaN", "node_memory_MemTotal_bytes": "8e9"}.get(name, "2e9")
        return [{"metric": labels, "values": [[at, value] for at in times]}]


_MOODS = {
    "busy": (503, b'{"status":"error","errorType":"unavailable","error":"overloaded"}'),
    "torn": (200, b'{"status":"success","data":{"resultType":"ma'),
    "error": (200, b'{"status":"error","errorType":"bad_data","error":"no"}'),
    "login": (200, b"<!doctype html><title>Log in</title>"),
    "closed": (401, b"no"),
}


@contextmanager
def prometheus_api(api: Api) -> Generator[Api]:
    """The server, listening."""

    class Handler(BaseHTTPRequestHandler):
        """Answers for the api."""

        def do_GET(self) -> None:
            """One question; one who has gone is no error."""
            api.headers = dict(self.headers)
            status, body = api.answer(self.path)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
