"""What the service answers: one hour at one minute of 100 resources, cold and kept, against a bare Starlette route.

    python benchmarks/service_speed.py [--requests 300]

A real service on loopback, asked one after the other over one connection each. `cold` changes the question each time,
`kept` repeats it; `bare` is a Starlette application with one route that returns the same bytes.
"""

import argparse
import http.client
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plimsoll.api.server import serve
from plimsoll.clock import SystemClock
from plimsoll.lake import Lake
from plimsoll.project import Project
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES, SAMPLES

PATH = "/v2/monitoring/performance?timeRange=1h&granularity=1m"


def lake(root: Path) -> None:
    """100 resources, two days a minute apart, until now."""
    until = datetime.now(UTC).replace(second=0, microsecond=0)
    fleet = Fleet.build(resources=100, days=2, until=until, interval_s=60, devices=False)
    made = Lake(root / "data" / "lake")
    made.append(RESOURCES, fleet.resources(), collector="benchmark")
    for day in fleet.dates():
        made.append(SAMPLES, fleet.day(day), collector="benchmark")
    made.compact(now=until, grace_s=0)
    text = "[plimsoll]\n[serve]\nrequests_per_minute = 100000\n"
    (root / "config.toml").write_text(text, encoding="utf-8")


def serve_project(root: str, port: int) -> None:
    """The service itself."""
    serve(Project.open(Path(root), here=Path(root)), SystemClock(), host="127.0.0.1", port=port)


def serve_bytes(body: bytes, port: int) -> None:
    """The same bytes from a bare route."""

    async def bare(_: Request) -> Response:
        return Response(body, media_type="application/json")

    app = Starlette(routes=[Route("/", bare)])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def started(target: Callable[..., None], *arguments: object) -> tuple[SpawnProcess, int]:
    """A process that listens, and where."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = get_context("spawn").Process(target=target, args=(*arguments, port))
    process.start()
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, port
        time.sleep(0.1)
    raise RuntimeError("it does not listen")


def ask(port: int, path: str) -> bytes:
    """One request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def timed(port: int, paths: list[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Seconds of each request."""
    seconds = np.empty(len(paths))
    for n, path in enumerate(paths):
        began = time.perf_counter()
        ask(port, path)
        seconds[n] = time.perf_counter() - began
    return seconds


def main() -> None:
    """Prints requests a second, p99, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=300)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plimsoll-") as scratch:
        root = Path(scratch) / "project"
        root.mkdir()
        lake(root)
        service, port = started(serve_project, str(root))
        body = ask(port, PATH)
        bare, bare_port = started(serve_bytes, body)
        try:
            figures = {
                "bare": timed(bare_port, ["/"] * args.requests),
                "kept": timed(port, [PATH] * args.requests),
                "cold": timed(port, [f"{PATH}&resourceIds=x{n}" for n in range(20)] + [PATH]),
            }
        finally:
            for process in (service, bare):
                process.terminate()
                process.join(10)
    out = sys.stdout.write
    out(f"## {len(body) / 1e6:.2f} MB, 100 resources, 1 h at 1 m\n")
    for name, seconds in figures.items():
        ratio = float(np.median(seconds) / np.median(figures["bare"]))
        p99 = 1000 * float(np.quantile(seconds, 0.99))
        out(f"{name:5} {1 / float(np.mean(seconds)):8.1f} requests/s  p99 {p99:8.1f} ms  {ratio:6.1f} x bare\n")


if __name__ == "__main__":
    main()
