"""Laws that every executor keeps: the items' order, every item once, failures as values."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plimsoll.errors import LakeError
from plimsoll.execution import Execution, Executor, Failed, executor
from plimsoll.execution.processes import Processes
from plimsoll.execution.serial import Serial

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


def test_the_settings_choose() -> None:
    """One block is never worth a process."""
    assert isinstance(executor(Execution.model_validate({}), 1), Serial)
    assert isinstance(executor(Execution.model_validate({"on": "serial"}), 9), Serial)
    chosen = executor(Execution.model_validate({"on": "processes", "workers": 3}), 9)
    assert isinstance(chosen, Processes)
    assert chosen.workers == 3
