"""Real Dask and Ray clusters of two nodes on loopback: the laws of executors, and the bytes of one process."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from plimsoll.analysis.anomalies.detectors import DEFAULT
from plimsoll.clock import rfc3339
from plimsoll.errors import TemporaryError
from plimsoll.execution import Execution, Failed, executor
from plimsoll.execution.contract import Item
from plimsoll.execution.serial import Serial
from plimsoll.queries.blocks import BlockLook, analyse_block, read_back
from plimsoll.queries.grids import known_metrics
from plimsoll.simulator import Fleet
from tests.clusters import Cluster, dask_cluster, needs_library, ray_cluster
from tests.contracts.executors.test_laws import die_always, die_once, shout, threads
from tests.fleets import UNTIL
from tests.reports import lake_of, sources_of
from tests.shared import ROOT

pytestmark = [pytest.mark.system, pytest.mark.long]
RESOURCES, BLOCK, STEP_S, DAYS = 1000, 125, 3600, 3
Start = Callable[[Path], AbstractContextManager[Cluster]]


@pytest.fixture(scope="module", params=[dask_cluster, ray_cluster], ids=["dask", "ray"])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Cluster]:
    """Two nodes; the last test of a module loses one of them."""
    start: Start = request.param
    with start(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Item], list[bytes]]:
    """The daily analysis of a thousand resources in blocks, and what one process makes of it."""
    fleet = Fleet.build(resources=RESOURCES, days=DAYS, until=UNTIL, interval_s=STEP_S, devices=False)
    sources = sources_of(lake_of(fleet, tmp_path_factory.mktemp("lake")))
    look = BlockLook(
        end=rfc3339(UNTIL), history_s=DAYS * 86_400, step_s=STEP_S, at_least_s=86_400, detectors=DEFAULT,
        known=known_metrics(sources.snapshot, UNTIL, UNTIL),
    )  # fmt: skip
    resources = sorted(sources.resources(), key=lambda resource: (resource.type, resource.resource_id))
    blocks = [resources[n : n + BLOCK] for n in range(0, RESOURCES, BLOCK)]
    items: list[Item] = [(str(sources.snapshot.root), look.parameters(block)) for block in blocks]
    alone = list(Serial().map(analyse_block, items))
    assert sum(read_back(item, came).resources for item, came in alone) >= RESOURCES - 5  # some are silent by design
    return items, [came for _, came in alone if isinstance(came, bytes)]


def chosen(cluster: Cluster) -> Any:  # noqa: ANN401 - whichever executor the settings name
    """As `[execution]` chooses it."""
    return executor(Execution.model_validate(dict(cluster.settings)), 9)


def test_the_laws_hold(cluster: Cluster) -> None:
    """The items' order, every item once, failures as values, one thread a task, a worker that dies is replaced."""
    way = chosen(cluster)
    items = [("a", {"n": n}) for n in range(7)]
    assert list(way.map(shout, items)) == [(item, f"a {item[1]['n']}".encode()) for item in items]
    refused = [came for _, came in way.map(shout, [("a", {"n": 1}), ("b", {"n": 2, "bad": True})])]
    assert refused == [b"a 1", Failed("LakeError: b: refused")]
    assert list(way.map(shout, [])) == []
    assert [came for _, came in way.map(threads, items[:2])] == [b"1", b"1"]


def test_a_worker_that_dies_is_replaced(cluster: Cluster, tmp_path: Path) -> None:
    """What it had in hand is done again; who dies again and again fails by name, and the next work is done."""
    way = chosen(cluster)
    items = [(str(tmp_path), {"n": n}) for n in range(4)]
    assert [came for _, came in way.map(die_once, items)] == [b"done"] * 4
    ((_, came),) = way.map(die_always, items[:1])
    assert isinstance(came, Failed)
    assert [came for _, came in way.map(shout, [("a", {"n": 1})])] == [b"a 1"]


def test_a_cluster_gives_the_bytes_that_one_process_gives(
    cluster: Cluster, work: tuple[list[Item], list[bytes]]
) -> None:
    """Daily analysis of a fleet in blocks: byte-equal; also with a node killed in the middle."""
    items, expected = work
    way = chosen(cluster)
    assert [came for _, came in way.map(analyse_block, items)] == expected
    results = way.map(analyse_block, items)
    first = next(results)
    cluster.lose_a_node()
    assert [first, *results] == list(zip(items, expected, strict=True))


@pytest.mark.parametrize("on", ["dask", "ray"])
def test_no_cluster_is_told_in_one_line(on: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within seconds; nothing is analyzed elsewhere instead."""
    needs_library("distributed" if on == "dask" else on)
    monkeypatch.setattr(f"plimsoll.execution.{on}.CONNECT_S", 0.3)
    address = "tcp://127.0.0.1:9" if on == "dask" else "127.0.0.1:9"
    way = executor(Execution.model_validate({"backend": on, "address": address}), 9)
    with pytest.raises(TemporaryError, match=r"address (tcp://)?127.0.0.1:9: no (Dask scheduler|Ray cluster)"):
        list(way.map(shout, [("a", {"n": 1})]))


def test_a_wrong_token_is_told_in_one_line(tmp_path: Path) -> None:
    """Who has another token than the Ray cluster's is not let in, and does not start a cluster of its own."""
    ask = (
        "from plimsoll.execution.ray import Ray\n"
        "from tests.contracts.executors.test_laws import shout\n"
        "import sys\n"
        "list(Ray(sys.argv[1]).map(shout, [('a', {'n': 1})]))\n"
    )
    with ray_cluster(tmp_path) as running:
        environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64, "PYTHONPATH": str(ROOT)}
        told = subprocess.run(
            [sys.executable, "-c", ask, running.settings["address"]],
            env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert told.returncode == 1
    assert "no Ray cluster that lets this process in" in told.stderr
