"""A real Dask cluster on loopback: a scheduler and two workers, started and stopped by the test."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plimsoll.analysis.anomalies.detectors import DEFAULT
from plimsoll.answers.blocks import BlockLook, analyse_block, read_back
from plimsoll.clock import rfc3339
from plimsoll.errors import TryAgain
from plimsoll.execution import Execution, Failed, executor
from plimsoll.execution.dask import Dask
from plimsoll.execution.serial import Serial
from plimsoll.simulator import Fleet
from tests.contracts.executors.test_laws import shout
from tests.fleets import UNTIL
from tests.reports import lake_of, sources_of
from tests.shared import ROOT

pytestmark = pytest.mark.system
WORKERS = 2


@dataclass
class Cluster:
    """Where its scheduler listens, and its workers."""

    address: str
    workers: list["subprocess.Popen[Any]"]


@contextmanager
def cluster(folder: Path) -> Generator[Cluster]:
    """Started as an operator would, ended by process id."""
    known = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"}
    quiet: dict[str, Any] = {
        "cwd": ROOT,
        "env": environment,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    common = ["--no-dashboard", "--scheduler-file", str(known)]
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common], **quiet
    )
    command = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", *common]
    workers: list[subprocess.Popen[Any]] = [
        subprocess.Popen([*command, "--host", "127.0.0.1", "--local-directory", str(folder / str(n))], **quiet)
        for n in range(WORKERS)
    ]
    try:
        for _ in range(600):
            if known.exists() and known.stat().st_size:
                break
            time.sleep(0.05)
        yield Cluster(json.loads(known.read_text())["address"], workers)
    finally:
        for program in (*workers, scheduler):
            program.kill()
            program.wait()


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_bytes_that_one_process_gives(tmp_path: Path) -> None:
    """Daily analysis of a fleet in blocks: byte-equal; also with a worker killed in the middle."""
    fleet = Fleet.build(resources=48, days=3, until=UNTIL, interval_s=300, devices=False)
    sources = sources_of(lake_of(fleet, tmp_path / "lake"))
    look = BlockLook(end=rfc3339(UNTIL), history_s=2 * 86_400, step_s=300, at_least_s=86_400, detectors=DEFAULT)
    resources = sorted(sources.resources(), key=lambda resource: (resource.type, resource.resource_id))
    blocks = [resources[n : n + 6] for n in range(0, len(resources), 6)]
    items = [(str(sources.snapshot.root), look.parameters(block)) for block in blocks]
    expected = [came for _, came in Serial().map(analyse_block, items)]
    assert not [one for one in expected if isinstance(one, Failed)], expected
    with cluster(tmp_path) as running:
        dask = executor(Execution.model_validate({"on": "dask", "address": running.address}), len(items))
        assert isinstance(dask, Dask)
        assert [came for _, came in dask.map(analyse_block, items)] == expected
        more, wanted = items * 5, expected * 5
        results = dask.map(analyse_block, more)
        first = next(results)
        running.workers[0].send_signal(signal.SIGKILL)
        assert [first, *results] == list(zip(more, wanted, strict=True))
        assert all(read_back(item, came).resources for item, came in zip(items, expected, strict=True))
        refused = [came for _, came in dask.map(shout, [("a", {"n": 1}), ("b", {"n": 2, "bad": True})])]
        assert refused == [b"a 1", Failed("LakeError: b: refused")]


@pytest.mark.filterwarnings("ignore")
def test_no_scheduler_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is analysed elsewhere instead."""
    monkeypatch.setattr("plimsoll.execution.dask.CONNECT_S", 0.3)
    with pytest.raises(TryAgain, match=r"address tcp://127.0.0.1:9: no Dask scheduler"):
        list(Dask("tcp://127.0.0.1:9").map(shout, [("a", {"n": 1})]))
