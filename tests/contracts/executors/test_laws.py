"""Laws that every executor keeps: the items' order, every item once, failures as values."""

import os
import signal
import sys
import time
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from plimsoll.errors import LakeError, UsageError
from plimsoll.execution import Execution, Executor, Failed, executor
from plimsoll.execution.dask import Dask
from plimsoll.execution.processes import Processes
from plimsoll.execution.ray import Ray
from plimsoll.execution.serial import Serial

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

EVERY = pytest.mark.parametrize("way", [Serial(), Processes(2)], ids=["serial", "processes"])


def shout(uri: str, params: Mapping[str, Any]) -> bytes:
    """The work of these tests; refuses what is marked."""
    if params.get("bad"):
        raise LakeError(f"{uri}: refused")
    return f"{uri} {params['n']}".encode()


def die_once(uri: str, params: Mapping[str, Any]) -> bytes:
    """Kills its process the first time."""
    mark = Path(uri) / str(params["n"])
    if params["n"] == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return b"done"


def die_always(uri: str, params: Mapping[str, Any]) -> bytes:
    """Kills its process each time."""
    os.kill(os.getpid(), signal.SIGKILL)
    return f"{uri}{params}".encode()


def leave_a_mark(uri: str, params: Mapping[str, Any]) -> bytes:
    """Says that it was begun."""
    (Path(uri) / str(params["n"])).touch()
    time.sleep(0.1)
    return b"done"


def threads(_: str, __: Mapping[str, Any]) -> bytes:
    """How many threads Polars has where this runs."""
    import polars as pl

    return str(pl.thread_pool_size()).encode()


@EVERY
def test_results_come_in_the_order_of_the_items(way: Executor) -> None:
    """Each once, with its own bytes."""
    items = [("a", {"n": n}) for n in range(7)]
    assert list(way.map(shout, items)) == [(item, f"a {item[1]['n']}".encode()) for item in items]


@EVERY
def test_a_failure_is_one_items_result(way: Executor) -> None:
    """The others are not touched by it."""
    items = [("a", {"n": 0}), ("b", {"n": 1, "bad": True}), ("c", {"n": 2})]
    results = [came for _, came in way.map(shout, items)]
    assert results == [b"a 0", Failed("LakeError: b: refused"), b"c 2"]


@EVERY
def test_nothing_to_do_is_nothing_done(way: Executor) -> None:
    """No item, no result."""
    assert list(way.map(shout, [])) == []


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    """What it had in hand is done again; who dies again and again fails by name."""
    items = [(str(tmp_path), {"n": n}) for n in range(4)]
    assert [came for _, came in Processes(2).map(die_once, items)] == [b"done"] * 4
    ((_, came),) = Processes(1).map(die_always, items[:1])
    assert came == Failed("the worker process died (out of memory, or killed)")


def test_every_process_has_its_share_of_the_threads() -> None:
    """Two processes do not run twice as many threads as there are processors, and this one keeps its own."""
    before = os.environ.get("POLARS_MAX_THREADS")
    ((_, came),) = Processes(2).map(threads, [("a", {})])
    assert came == str(max(1, (os.cpu_count() or 1) // 2)).encode()
    assert os.environ.get("POLARS_MAX_THREADS") == before


def test_who_stops_reading_stops_the_rest(tmp_path: Path) -> None:
    """The first result is there before the last item is begun; after the reader has gone nothing more is begun."""
    results = Processes(1).map(leave_a_mark, [(str(tmp_path), {"n": n}) for n in range(50)])
    assert next(results)[1] == b"done"
    results.close()  # type: ignore[attr-defined]
    assert len(list(tmp_path.iterdir())) < 10


def test_the_work_is_known_by_its_name() -> None:
    """A function of no module is refused before anything runs."""
    with pytest.raises(ValueError, match="is not a function of a module"):
        list(Processes(1).map(lambda _, __: b"", [("a", {})]))


def test_the_settings_choose() -> None:
    """One block is never worth a process."""
    assert isinstance(executor(Execution.model_validate({}), 1), Serial)
    assert isinstance(executor(Execution.model_validate({"backend": "serial"}), 9), Serial)
    chosen = executor(Execution.model_validate({"backend": "processes", "workers": 3}), 9)
    assert isinstance(chosen, Processes)
    assert chosen.workers == 3


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"backend": "dask"}, 'backend = "dask" needs an address: a Dask scheduler\'s, such as tcp://10.0.0.5:8786'),
        ({"backend": "ray"}, 'backend = "ray" needs an address: the head of a Ray cluster, such as 10.0.0.5:6379'),
        ({"address": "tcp://10.0.0.5:8786"}, 'goes with backend = "dask" or "ray", not with "auto"'),
        ({"backend": "serial", "address": "10.0.0.5:6379"}, 'not with "serial"'),
        ({"backend": "dask", "address": "10.0.0.5:8786"}, '"10.0.0.5:8786" is not a Dask scheduler'),
        ({"backend": "dask", "address": "http://10.0.0.5:8786"}, "is not a Dask scheduler"),
        ({"backend": "ray", "address": "ray://10.0.0.5:10001"}, '"ray://10.0.0.5:10001" is not the head'),
        ({"backend": "ray", "address": "auto"}, '"auto" is not the head of a Ray cluster'),
        ({"backend": "ray", "address": "10.0.0.5:99999"}, "is not the head"),
        ({"backend": "ray", "address": "10.0.0.5:6379", "workers": 4}, "a ray cluster has its own"),
        ({"backend": "spark"}, "serial.*processes.*dask.*ray"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], why: str) -> None:
    """By name, with what would be right."""
    with pytest.raises(ValidationError, match=why):
        Execution.model_validate(settings)


def tell_what_is_chosen(there: "Connection[str, str]") -> None:
    """The executor of many blocks, where this runs."""
    there.send(type(executor(Execution.model_validate({"backend": "processes", "workers": 2}), 9)).__name__)


def test_a_process_that_may_have_no_children_does_the_work_itself() -> None:
    """As those do that answer for the service."""
    here, there = get_context("spawn").Pipe()
    child = get_context("spawn").Process(target=tell_what_is_chosen, args=(there,), daemon=True)
    child.start()
    assert here.recv() == "Serial"
    child.join()
    here.close()
    there.close()


def test_a_cluster_is_chosen_by_its_address() -> None:
    """Also for one block: the lake may be nearer to it than to this machine."""
    dask = executor(Execution.model_validate({"backend": "dask", "address": "tls://sched.example:8786"}), 1)
    ray = executor(Execution.model_validate({"backend": "ray", "address": "[::1]:6379"}), 1)
    assert isinstance(dask, Dask)
    assert isinstance(ray, Ray)


@pytest.mark.parametrize(("way", "module"), [(Dask("tcp://127.0.0.1:9"), "distributed"), (Ray("127.0.0.1:9"), "ray")])
def test_a_missing_extra_is_told_in_one_line(way: Executor, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=r'needs the extra: pip install "plimsoll-fleet\[(dask|ray)\]"'):
        list(way.map(shout, [("a", {"n": 1})]))
