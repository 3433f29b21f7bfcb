"""Ticks: each action again and again, one at a time, and never a burst."""

import threading
from datetime import UTC, datetime, timedelta

from plimsoll.clock import SystemClock
from plimsoll.schedule.timer import IntervalTrigger, Ticks


def test_the_first_tick_is_at_once_and_the_next_counts_from_now() -> None:
    """A clock that jumped ten years ahead makes one tick, not a million."""
    again, now = IntervalTrigger(2.0), datetime(2026, 1, 16, tzinfo=UTC)
    assert again.get_next_fire_time(None, now) == now
    assert again.get_next_fire_time(now - timedelta(days=3650), now) == now + timedelta(seconds=2)


def test_an_action_never_runs_twice_at_the_same_time_and_a_slow_one_stops_no_other() -> None:
    """Each has its own thread; what hangs costs only itself."""
    inside, most, slow_calls, quick = 0, 0, 0, threading.Event()
    lock, hold, began = threading.Lock(), threading.Event(), threading.Event()
    quick_calls = 0

    def slow() -> None:
        nonlocal inside, most, slow_calls
        with lock:
            inside, slow_calls = inside + 1, slow_calls + 1
            most = max(most, inside)
        began.set()
        hold.wait(10)
        with lock:
            inside -= 1

    def fast() -> None:
        nonlocal quick_calls
        quick_calls += 1
        if quick_calls >= 5:
            quick.set()

    ticks = Ticks({"slow": (0.02, slow), "fast": (0.02, fast)}, SystemClock())
    ticks.start()
    assert began.wait(10)
    ticks.rearm()
    assert quick.wait(10)
    assert (slow_calls, most) == (1, 1)
    hold.set()
    ticks.stop()
    assert inside == 0
