"""Several processes of this machine, each with its share of the threads; a worker that dies takes one item with it."""

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from plimsoll.execution.contract import ATTEMPTS, Failed, Item, Work
from plimsoll.execution.task import THREADS, call, name_of

_Came = tuple[int, bytes | Failed]
_DIED = Failed("the worker process died (out of memory, or killed)")


class Processes:
    """Fresh processes (spawn: no lock and no thread is inherited), ended when the work is done."""

    def __init__(self, workers: int) -> None:
        self.workers = max(1, workers)

    def map(self, fn: Work, items: Iterable[Item]) -> Iterator[tuple[Item, bytes | Failed]]:
        """Each item with what came of it; what a dead worker left behind is tried again, on the last attempt alone."""
        listed = list(items)
        done: dict[int, bytes | Failed] = {}
        at = 0
        for attempt in range(1, ATTEMPTS + 1):
            waiting = {n: listed[n] for n in range(at, len(listed)) if n not in done}
            way = self._alone if attempt == ATTEMPTS else self._together
            for n, came in way(fn, waiting) if waiting else ():
                done[n] = came
                while at in done:
                    yield listed[at], done.pop(at)
                    at += 1

    def _together(self, fn: Work, waiting: Mapping[int, Item]) -> Iterator[_Came]:
        """What came of the items, without those that were lost when a worker died and the pool with it."""
        pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"))
        try:
            futures = self._begun(pool, fn, waiting)
            while futures:
                n = next(iter(futures))
                try:
                    yield n, futures.pop(n).result()
                except BrokenProcessPool:
                    continue
                except Exception as error:  # noqa: BLE001 - the item or its result cannot travel
                    yield n, Failed.of(error)
        finally:
            pool.shutdown(cancel_futures=True)  # of an answer that is no longer awaited

    def _begun(
        self, pool: ProcessPoolExecutor, fn: Work, waiting: Mapping[int, Item]
    ) -> dict[int, "Future[bytes | Failed]"]:
        name, threads = name_of(fn), max(1, (os.cpu_count() or 1) // self.workers)
        futures: dict[int, Future[bytes | Failed]] = {}
        with _threads_each(threads):
            for n, item in waiting.items():
                try:
                    futures[n] = pool.submit(call, name, *item, threads)
                except BrokenProcessPool:  # a worker died while others were handed out
                    break
        return futures

    @staticmethod
    def _alone(fn: Work, waiting: Mapping[int, Item]) -> Iterator[_Came]:
        """Runs each item in its own process, to identify the item that crashes a worker."""
        for n, item in waiting.items():
            yield n, dict(Processes(1)._together(fn, {n: item})).get(n, _DIED)  # noqa: SLF001


@contextmanager
def _threads_each(threads: int) -> Generator[None]:
    """Children may import Polars with the main module, before they get work; this process has read it already."""
    before = os.environ.get(THREADS)
    os.environ[THREADS] = str(threads)
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREADS]
        else:
            os.environ[THREADS] = before
