"""Ticks from APScheduler: it says "now", again and again; what is due is the ledger's business.

So nothing that it may get wrong matters: a late, queued, coalesced or dropped tick is made good by the next one. Its
trigger never looks back (a clock that jumps years ahead makes one tick, not a million), and `rearm` starts it afresh
after a step of the clock. Memory store, UTC: nothing is ever pickled.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from plimsoll.clock import Clock

_DEFAULTS: Final = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}


class IntervalTrigger(BaseTrigger):  # type: ignore[misc]
    """Fires every `step_s` seconds, counted from the last look; of several missed ticks it makes one."""

    def __init__(self, step_s: float) -> None:
        self._step = timedelta(seconds=step_s)

    def get_next_fire_time(  # pyright: ignore[reportIncompatibleMethodOverride] - APScheduler has no types
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime:
        """The tick after `now`; the first is at once."""
        return now if previous_fire_time is None else now + self._step


class Ticks:
    """Calls each action again and again, each on a thread of its own, never twice at the same time."""

    def __init__(self, actions: Mapping[str, tuple[float, Callable[[], object]]], clock: Clock) -> None:
        self._clock = clock
        # "skipped: maximum number of running instances reached": a busy lane is no event, its next tick will do
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        self._scheduler: Any = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={name: ThreadPoolExecutor(1) for name in actions},
            job_defaults=_DEFAULTS,
        )
        for name, (step_s, action) in actions.items():
            self._scheduler.add_job(action, IntervalTrigger(step_s), id=name, name=name, executor=name)

    def start(self) -> None:
        """The ticks begin."""
        self._scheduler.start()

    def rearm(self) -> None:
        """After a step of the wall clock: the next tick is now, wherever the old one would have been."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=self._clock.now())

    def stop(self) -> None:
        """No tick comes any more; what runs goes on to its end."""
        self._scheduler.shutdown(wait=True)
