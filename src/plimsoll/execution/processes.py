"""Several processes of this machine, each with its share of the threads; a worker that dies takes one item with it."""

import os
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from plimsoll.execution.contract import Failed, Item, Work

_ATTEMPTS = 2
_THREADS = "POLARS_MAX_THREADS"


class Processes:
    """Fresh processes (spawn: no lock and no thread is inherited), ended when the work is done."""

    def __init__(self, workers: int) -> None:
        self.workers = max(1, workers)

    def map(self, fn: Work, items: Iterable[Item]) -> Iterator[tuple[Item, bytes | Failed]]:
        """Each item with what came of it; what a dead worker left behind is tried once more."""
        listed = list(items)
        done: dict[int, bytes | Failed] = {}
        for attempt in range(_ATTEMPTS):
            waiting = [n for n in range(len(listed)) if n not in done]
            if waiting:
                done |= self._once(fn, listed, waiting, last=attempt == _ATTEMPTS - 1)
        for n, item in enumerate(listed):
            yield item, done[n]

    def _once(self, fn: Work, items: list[Item], waiting: list[int], *, last: bool) -> dict[int, bytes | Failed]:
        done: dict[int, bytes | Failed] = {}
        with _threads_each(self.workers), ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            futures: dict[int, Future[bytes]] = {n: pool.submit(fn, *items[n]) for n in waiting}
            for n, future in futures.items():
                try:
                    done[n] = future.result()
                except BrokenProcessPool:
                    if last:
                        done[n] = Failed("the worker process died (out of memory, or killed)")
                except Exception as error:  # noqa: BLE001 - whatever a worker raised is that item's result
                    done[n] = Failed(f"{type(error).__name__}: {error}")
        return done


@contextmanager
def _threads_each(workers: int) -> Generator[None]:
    """Children read this when they import Polars; this process has read it already."""
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = str(max(1, (os.cpu_count() or 1) // workers))
    try:
        yield
    finally:
        if before is None:
            del os.environ[_THREADS]
        else:
            os.environ[_THREADS] = before
