"""Exporters of a bad night: one server of this machine, whose answer depends on the path that is asked for.

`/steady/N` answers, `/churn` names other models each time, `/flap` fails every other time, `/drip` says a byte a
second, `/hang` says nothing, `/huge` and `/garbage` are no expositions.
"""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Final

PATHS: Final = ("/steady/1", "/steady/2", "/churn", "/flap", "/drip", "/hang", "/huge", "/garbage")
_MODELS: Final = 20
_LONGEST_S: Final = 20.0


class Handler(BaseHTTPRequestHandler):
    """One answer."""

    asked: "count[int]"
    done: threading.Event

    def do_GET(self) -> None:
        """By the path; a client that has gone is no error."""
        path, number = self.path.partition("?")[0], next(self.asked)
        with suppress(OSError):
            if path == "/hang":
                self.done.wait(_LONGEST_S)
            elif path == "/drip":
                self._drip()
            elif path == "/flap" and number % 2:
                self._say(random.choice((500, 503, 404)), b"no\n")
            elif path == "/huge":
                self._say(200, b"# a comment\n" * 200_000)
            elif path == "/garbage":
                self._say(200, random.randbytes(4_000))
            else:
                self._say(200, models(number) if path == "/churn" else node(path, number))

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        over = time.monotonic() + _LONGEST_S
        while time.monotonic() < over and not self.done.wait(1.0):
            self.wfile.write(b"#")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Keeps quiet."""


def node(path: str, number: int) -> bytes:
    """Load and memory of a host, always a little different."""
    free, total = 4e9 + 1e6 * (number % 1000), 16e9
    return (
        f"node_load1 {0.1 * (number % 40)}\nnode_memory_MemTotal_bytes {total}\n"
        f'node_memory_MemAvailable_bytes {free}\nnode_cpu_seconds_total{{cpu="0",mode="idle"}} {number * 3}\n'
        f'node_cpu_seconds_total{{cpu="0",mode="user"}} {number + len(path)}\n'
    ).encode()


def models(number: int) -> bytes:
    """As many models as ever, and none of them was there before."""
    return "".join(
        f'vllm:num_requests_running{{model_name="m{number}-{one}"}} {one}\n'
        f'vllm:prompt_tokens_total{{model_name="m{number}-{one}"}} {number * 100}\n'
        for one in range(_MODELS)
    ).encode()


@contextmanager
def bad_exporters() -> Generator[int]:
    """Their port, until the end of the block."""
    done = threading.Event()
    kind = type("Answering", (Handler,), {"asked": count(), "done": done})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        done.set()
        server.shutdown()
        server.server_close()


def targets(port: int, paths: tuple[str, ...] = PATHS) -> str:
    """Their sections of a config."""
    lines: list[str] = []
    for path in paths:
        name = path.strip("/").replace("/", "-")
        models = path == "/churn"
        mapping, resource = ("vllm", "{model_name}") if models else ("node", name)
        lines.append(
            f'[targets.{name}]\nurls = ["http://127.0.0.1:{port}{path}"]\nmapping = "{mapping}"\n'
            f'resource = "{resource}"\ntype = "{"endpoint" if models else "cluster"}"\n'
        )
    return "".join(lines)
