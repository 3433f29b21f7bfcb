"""Waits as they were measured: they bound what more capacity can win, and say how much demand was not served."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from plimsoll.analysis.advice.model import Estimate
from plimsoll.analysis.advice.queueing import waiting
from plimsoll.analysis.bottlenecks.expressions.measures import Reading
from plimsoll.analysis.bottlenecks.expressions.terms import GridSlice
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.robust import Floats

_WAIT, _ANSWER = "queue_time_ms", "response_time_ms"
_MORE_LOAD: Final = (1.15, 1.0, 0.85)
"""Load that comes back when answers are faster, and load that does not: the low, middle and high end."""
_FULL: Final = 0.99
FORMULA: Final = (
    "sum of measured wait x (1 - W(c') / W(c)) / sum of measured time to answer, W by Sakasegawa, load 15 % either way"
)


@dataclass(frozen=True, slots=True)
class MeasuredWait:
    """Steps in which the cause was there: the wait, the whole time to answer (ms), how busy it was (0 to 1)."""

    wait: Floats
    answer: Floats
    busy: Floats

    @property
    def share_pct(self) -> float:
        """The part of the answers' time that is waiting: the most that any capacity can win."""
        return 100 * float(self.wait.sum() / self.answer.sum())

    def gain(self, servers: float, more: float, load: float = 1.0) -> Estimate:
        """How much sooner answers come from `more` servers that have `load` times the work to do."""
        ends = [self._sooner(servers, more, load * factor) for factor in _MORE_LOAD]
        low, middle, high = sorted(min(max(one, 0.0), self.share_pct) for one in ends)
        return Estimate(low=low, middle=middle, high=high, unit="% less time to answer", formula=FORMULA)

    def _sooner(self, servers: float, more: float, load: float) -> float:
        before = np.clip(self.busy, 0.01, _FULL)
        after = np.clip(self.busy * load * servers / more, 0.001, _FULL)
        waits = [
            wait * max(0.0, 1 - waiting(float(then), more, 1.0) / waiting(float(now), servers, 1.0))
            for wait, now, then in zip(self.wait, before, after, strict=True)
        ]
        return 100 * float(sum(waits) / self.answer.sum())


def measured_wait(window: ResourceWindow, bottleneck: Bottleneck, busy: str) -> MeasuredWait | None:
    """The waits of the steps behind a bottleneck (of all steps, where it names none); None where they are not read."""
    part = GridSlice(window, slice(-window.window_rows, None))
    wait, answer, used = part.row(_WAIT), part.row(_ANSWER), part.row(busy) / 100
    known = ~np.isnan(wait) & ~np.isnan(answer) & ~np.isnan(used) & (answer > 0)
    measure = bottleneck.measure
    if isinstance(measure, Reading) and measure.where is not None and measure.rows == "window":
        known &= measure.where.over(part)
    if not known.any():
        return None
    return MeasuredWait(np.minimum(wait[known], answer[known]), answer[known], used[known])


@dataclass(frozen=True, slots=True)
class Demand:
    """What was asked for, in percent of what is there; `unserved_h` the hours in which more was asked than that."""

    use_pct: Floats
    unserved_h: float

    @property
    def words(self) -> str:
        """What a replay of it does not know; empty where it knows all."""
        if not self.unserved_h:
            return ""
        return (
            f" In {self.unserved_h:.1f} h of them work waited while it was full: how much more is not read, so it may "
            "not be enough."
        )


def demand(window: ResourceWindow, busy: str) -> Demand:
    """Use, and beside it the work that waited: by how many run and wait, where both are counted."""
    used = window.readings[busy]
    depth, running = window.whole("queue_depth_count"), window.whole("running_count")
    wait, answer = window.whole(_WAIT), window.whole(_ANSWER)
    waits = np.zeros(len(used), dtype=np.bool_)
    if depth is not None:
        waits |= np.nan_to_num(depth) >= 1
    if wait is not None and answer is not None:
        waits |= np.nan_to_num(wait) >= 0.5 * np.nan_to_num(answer, nan=np.inf)
    full = waits & (np.nan_to_num(used) >= 90)
    if depth is None or running is None:
        return Demand(used, window.hours(full))
    counted = full & (np.nan_to_num(running) > 0) & ~np.isnan(depth)
    asked = np.where(counted, used * (1 + depth / np.where(running > 0, running, 1.0)), used)
    return Demand(asked, window.hours(full & ~counted))
