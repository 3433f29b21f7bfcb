"""A fleet's optimization holds the readings of one resource at a time, whatever is said of all of them together."""

import weakref
from collections.abc import Iterator, Sequence

import numpy as np

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.advice.rebalance import METRIC, remembered
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.optimization.document import optimization
from plimsoll.analysis.optimization.options import DocumentOptions
from plimsoll.documents import TimeRange
from tests.unit.optimization.test_other_sizes import calm, case, flat, queueing

SPAN = TimeRange(start="2026-01-15T18:00:00Z", end="2026-01-16T18:00:00Z", granularity="5m")


def read_one_by_one(
    fleet: Sequence[ResourceWindow], seen: dict[str, "weakref.ref[object]"]
) -> Iterator[ResourceWindow]:
    """Copies that nobody else holds; `seen` knows which of their rows are still held, by resource and metric."""
    for one in fleet:
        rows = {metric: np.array(row) for metric, row in one.readings.items()}
        seen |= {f"{one.resource.resource_id} {metric}": weakref.ref(row) for metric, row in rows.items()}
        again = case(rows, name=one.resource.resource_id, kind="endpoint", replicas=4.0)
        del rows
        yield again
        del again


def test_only_what_equals_ask_for_is_kept() -> None:
    """While a fourth resource is read: use and waits of the one that waits, use of the one with room, else nothing.

    What is said is what is said of the whole fleet at once, the work that moves included.
    """
    fleet = [queueing("a", 90), calm("b", 35), calm("c", 60), calm("d", 60)]
    held: dict[str, weakref.ref[object]] = {}
    then: list[str] = []

    def watched() -> Iterator[ResourceWindow]:
        for one in read_one_by_one(fleet, held):
            yield one
            del one
            then[:] = [name for name, row in held.items() if row() is not None]

    told = optimization(watched(), span=SPAN, options=DocumentOptions())
    waits = ["a queue_time_ms", "a response_time_ms"]
    assert sorted(then) == [f"a {METRIC}", *waits, f"b {METRIC}", f"d {METRIC}"]  # the last one is still in hand
    assert told == optimization(fleet, span=SPAN, options=DocumentOptions())
    assert [one.observed for one in told[1] if one.rule == "advisers.rebalance"]


def test_what_is_remembered_gives_the_same_numbers() -> None:
    """The rows and the length of the grid, so that a statement of SQL names the same steps."""
    waiting = queueing("a", 90)
    kept = remembered(waiting, assess(waiting))
    assert sorted(kept.readings) == [METRIC, "queue_time_ms", "response_time_ms"]
    assert (kept.rows, kept.window_rows, kept.coverage, kept.price) == (
        waiting.rows, waiting.window_rows, waiting.coverage, waiting.price,
    )  # fmt: skip
    idle = case({"cpu_utilization_pct": flat(3)})
    assert remembered(idle, assess(idle)).readings == {}
