"""Documents are computed in processes of their own: with a memory limit, ended at the deadline, then started anew."""

import asyncio
import resource
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from typing import Final, TypeAlias

from plimsoll.api.refusals import Busy

Work: TypeAlias = Callable[[bytes], bytes]
Setup: TypeAlias = Callable[[str], Work]
_START_S: Final = 60.0
_READY: Final = b"ready"


class Ended(Busy):
    """The process ended before it had an answer: by its memory limit, or by what it was given."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may take."""

    deadline_s: float
    memory_bytes: int


class Workers:
    """So many processes; a question takes a free one, and waits while there is none."""

    def __init__(self, count: int, setup: Setup, root: str, limits: Limits) -> None:
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(count):
            self._free.put(Worker(setup, root, limits))
        # threads of their own: a long queue here does not delay files, metrics or segments
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="asking")

    async def asked(self, question: bytes) -> bytes:
        """As `ask`, for the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.ask, question)

    def ask(self, question: bytes) -> bytes:
        """The answer of a worker; Busy when it took too long or died. Called in a thread, which waits."""
        worker = self._free.get()
        try:
            return worker.ask(question)
        finally:
            self._free.put(worker)


class Worker:
    """One process, begun with its first question."""

    def __init__(self, setup: Setup, root: str, limits: Limits) -> None:
        self._setup, self._root, self._limits = setup, root, limits
        self._process: SpawnProcess | None = None
        self._line: Connection | None = None
        self._lock = threading.Lock()

    def ask(self, question: bytes) -> bytes:
        """One question, one answer."""
        with self._lock:
            line = self._line if self._process is not None and self._process.is_alive() else None
            try:
                line = line or self._start()
                line.send_bytes(question)
                if not line.poll(self._limits.deadline_s):
                    self._end()
                    raise Busy(f"no answer within {self._limits.deadline_s:g} s; ask for less, or try again")
                return line.recv_bytes()
            except (EOFError, OSError) as error:
                self._end()
                limit = self._limits.memory_bytes // 1024**2
                raise Ended(f"the answer took more than {limit} MiB, or its process was ended; ask for less") from error

    def _start(self) -> Connection:
        here, there = get_context("spawn").Pipe()
        arguments = (there, self._setup, self._root, self._limits.memory_bytes)
        self._process = get_context("spawn").Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        there.close()
        self._line = here
        if not here.poll(_START_S) or here.recv_bytes() != _READY:
            raise EOFError
        return here

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
            self._process.close()
        if self._line is not None:
            self._line.close()
        self._process, self._line = None, None


def _work(line: Connection, setup: Setup, root: str, memory_bytes: int) -> None:
    """The process: answers until the other end has gone, which it also has when its process was killed."""
    work = setup(root)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    with suppress(EOFError, ConnectionError):
        line.send_bytes(_READY)
        while True:
            line.send_bytes(work(line.recv_bytes()))
