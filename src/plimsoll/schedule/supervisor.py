"""Keeps a lasting worker alive: starts it, hears its beats, ends it when it hangs, starts it again after a pause."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Final

from plimsoll.clock import Clock
from plimsoll.schedule.log import Log
from plimsoll.schedule.run_process import end_group, resident_bytes

STOP_WITHIN_S: Final = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_LEAST_SILENCE_S: Final = 60.0
_STANDS_AFTER_S: Final = 10.0


@dataclass(slots=True)
class Supervisor:
    """One lasting worker. `steps` are the beats it owes, name -> seconds between two; `memory_bytes` what it may hold.

    All its methods are called from one thread (the worker dies with the thread that started it).
    """

    name: str
    command: Callable[[], list[str]]
    clock: Clock
    log: Log
    steps: Callable[[], Mapping[str, float]] = dict
    memory_bytes: Callable[[], int | None] = lambda: None
    _process: "subprocess.Popen[bytes] | None" = None
    _beats: dict[str, float] = field(default_factory=dict[str, float])
    _pause_s: float = _FIRST_PAUSE_S
    _not_before: float = float("-inf")
    _started: float = float("-inf")
    _why: str = ""

    def keep(self) -> None:
        """One look: starts what is not running, ends what hangs or holds too much memory."""
        if self._process is None:
            if self.clock.monotonic() >= self._not_before:
                self._start()
            return
        code = self._process.poll()
        if code is not None:
            self._gone(f"ended with code {code}")
        elif (silent := self._silent()) is not None:
            self._end(f"{silent} has not been heard of for too long")
        elif (limit := self.memory_bytes()) is not None and resident_bytes(self._process.pid) > limit:
            self._end(f"holds more than {limit // 1_000_000} MB")

    @property
    def trouble(self) -> str:
        """Why the worker is not up; nothing while it runs, or has only just been started for the first time."""
        if self._process is not None and self.clock.monotonic() - self._started >= _STANDS_AFTER_S:
            self._why = ""
        return self._why

    def stop(self) -> None:
        """Asks the worker to end, and ends it if it does not."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            end_group(self._process.pid)
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stops the worker; the next look starts it anew."""
        self.stop()
        self._not_before = float("-inf")

    def _start(self) -> None:
        self._process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, start_new_session=True)
        self._beats = dict.fromkeys(self.steps(), self.clock.monotonic())
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        threading.Thread(target=self._hear, args=(self._process.stdout, self._beats), daemon=True).start()
        self._started = self.clock.monotonic()
        self.log.info("started", worker=self.name, pid=self._process.pid)

    def _hear(self, said: IO[bytes], beats: dict[str, float]) -> None:
        with said:
            for line in said:
                beats[str(json.loads(line)["beat"])] = self.clock.monotonic()
                self._pause_s = _FIRST_PAUSE_S

    def _silent(self) -> str | None:
        now, steps = self.clock.monotonic(), self.steps()
        for name, beaten in list(self._beats.items()):
            if name in steps and now - beaten > max(_LEAST_SILENCE_S, 5 * steps[name]):
                return name
        return None

    def _end(self, why: str) -> None:
        assert self._process is not None  # noqa: S101 - only a running worker is ended
        end_group(self._process.pid)
        self._process.wait()
        self._gone(why)

    def _gone(self, why: str) -> None:
        self._why = why
        self.log.error("worker is gone", worker=self.name, why=why, again_in_s=self._pause_s)
        self._process = None
        self._not_before = self.clock.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
