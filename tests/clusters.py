"""Real clusters on loopback, started as an operator would start them, ended by their own process groups."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.shared import ROOT

NODES = 2
_READY_S = 60.0
_TOKEN = secrets.token_hex(32)
"""One for the whole session: a process that has once talked to a Ray cluster keeps its token."""


@dataclass(frozen=True)
class Cluster:
    """What `[execution]` says of it, and the processes of one machine of it each; the first is in charge."""

    settings: Mapping[str, str]
    nodes: Sequence["subprocess.Popen[Any]"]

    def lose_a_node(self) -> None:
        """SIGKILL to every process of the last node."""
        os.killpg(self.nodes[-1].pid, signal.SIGKILL)
        self.nodes[-1].wait()


def needs_library(name: str) -> None:
    """Skips where an extra's library is missing, fails with PLIMSOLL_TEST_SYSTEM=1."""
    if find_spec(name) is None:
        message = f"the library {name} is not installed"
        if os.environ.get("PLIMSOLL_TEST_SYSTEM") == "1":
            pytest.fail(f"{message}, though PLIMSOLL_TEST_SYSTEM=1 promises it")
        pytest.skip(message)


@contextmanager
def dask_cluster(folder: Path) -> Generator[Cluster]:
    """A scheduler and two workers."""
    needs_library("distributed")
    known = folder / "scheduler.json"
    common = ["--no-dashboard", "--scheduler-file", str(known)]
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--host", "127.0.0.1", "--nthreads", "1"]
    with _started(folder) as start:
        head = start("scheduler", scheduler)
        _until(lambda: known.exists() and known.stat().st_size > 0, head)
        workers = [
            start(f"worker-{n}", [*worker, "--local-directory", str(folder / str(n)), *common]) for n in range(NODES)
        ]
        yield Cluster({"backend": "dask", "address": json.loads(known.read_text())["address"]}, [head, *workers])


@contextmanager
def ray_cluster(folder: Path) -> Generator[Cluster]:
    """A head and a second node, one processor each, with one token; this process has it too, in its environment."""
    needs_library("ray")
    port = _free_port()
    start_ray = [str(Path(sys.executable).with_name("ray")), "start", "--block", "--node-ip-address", "127.0.0.1"]
    common = ["--num-cpus", "1", "--object-store-memory", "80000000", "--disable-usage-stats"]
    short = Path(tempfile.mkdtemp(prefix="ray-"))  # the paths of sockets have at most 107 characters
    head = ["--head", "--port", str(port), "--include-dashboard", "false", "--temp-dir", str(short)]
    environment = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _TOKEN, "RAY_USAGE_STATS_ENABLED": "0"}
    with pytest.MonkeyPatch.context() as patch, _started(folder) as start:
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            first = start("head", [*start_ray, *head, *common])
            _until(lambda: _says(folder / "head.log", "Ray runtime started"), first)
            second = start("node", [*start_ray, "--address", f"127.0.0.1:{port}", *common])
            _until(lambda: _says(folder / "node.log", "Ray runtime started"), second)
            yield Cluster({"backend": "ray", "address": f"127.0.0.1:{port}"}, [first, second])
        finally:
            shutil.rmtree(short, ignore_errors=True)


Start = Callable[[str, Sequence[str]], "subprocess.Popen[Any]"]


@contextmanager
def _started(folder: Path) -> Generator[Start]:
    """Starts programs, each in a process group of its own; ends those groups, and nothing else."""
    running: list[subprocess.Popen[Any]] = []

    def start(name: str, command: Sequence[str]) -> "subprocess.Popen[Any]":
        with (folder / f"{name}.log").open("wb") as log:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            program = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        running.append(program)
        return program

    try:
        yield start
    finally:
        for program in reversed(running):
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def _until(ready: Callable[[], bool], program: "subprocess.Popen[Any]") -> None:
    for _ in range(round(_READY_S / 0.05)):
        if ready():
            return
        assert program.poll() is None, f"{program.args!r} ended by itself"
        time.sleep(0.05)
    raise AssertionError(f"{program.args!r} was not ready within {_READY_S:g} s")


def _says(log: Path, text: str) -> bool:
    return text in log.read_text(errors="replace")


def _free_port() -> int:
    """A free one that is none of the ports of Ray's own workers (10002 to 19999)."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if not 10_002 <= port <= 19_999:
            return port
    raise AssertionError("no free port outside 10002 to 19999")
