"""A real service over a small demo fleet: `plimsoll serve` in its own process, asked over loopback."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plimsoll.simulator import Fleet
from tests.reports import lake_of


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Service:
    """Where it listens, and the project behind it."""

    port: int
    root: Path
    fleet: Fleet

    def ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Reply:
        """One request, the path as it is."""
        return ask(self.port, path, method=method, headers=headers)


def ask(
    port: int, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Reply:
    """One request to a service of this machine, the path as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        response = connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


ALWAYS_OVER = '[lines.always]\nmetric = "cpu_utilization_pct"\nabove = 1.0\n'
"""A load line that is crossed at every hour of the day: for tests that need an open alert."""


def demo_project(root: Path, *, config: str = "") -> Fleet:
    """A project with three days of twenty-four resources that end now."""
    until = datetime.now(UTC).replace(second=0, microsecond=0)
    fleet = Fleet.build(resources=24, days=3, until=until, interval_s=60, devices=False)
    root.mkdir(parents=True)
    (root / "config.toml").write_text(f'[plimsoll]\nname = "served fleet"\n{config}', encoding="utf-8")
    lake_of(fleet, root / "data" / "lake")
    return fleet


@contextmanager
def served(root: Path, fleet: Fleet) -> Generator[Service]:
    """The service of a project, until the end of the block."""
    with listening(root) as port:
        yield Service(port, root, fleet)


@contextmanager
def listening(root: Path) -> Generator[int]:
    """The service of a project, until the end of the block; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "plimsoll", "serve", "--project", str(root), "--port", str(port)]
    with (root / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        for _ in range(200):
            try:
                ask(port, "/healthz")
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise AssertionError("the service did not begin to listen")
        yield port
    finally:
        process.terminate()
        process.wait(15)
