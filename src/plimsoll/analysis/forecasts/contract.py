"""What a forecaster is: history in, path out, for many series at once.

A series has `steps_a_day` values a day: 24 for hours, 1 for days. The origin is the end of the history: step 0 of the
path follows its last column. Whatever depends on the hour of the day or the day of the week is counted back from there,
so a forecaster needs no calendar, and moving a series in time moves nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.robust import Floats, pieces

DAYS_A_WEEK = 7
Path = Callable[[Floats, int, int], Floats]
"""(history: series x steps of whole days, NaN = gap; steps ahead; steps a day) -> series x steps ahead; NaN: unknown"""
Applies = Callable[[Floats, int], NDArray[np.bool_]]
"""(history, steps a day) -> for each series whether the forecaster's assumption holds for it."""


def always(history: Floats, steps_a_day: int) -> NDArray[np.bool_]:  # noqa: ARG001 - one shape for all
    """The forecaster assumes nothing."""
    return np.ones(len(history), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Forecaster:
    """One way to continue a series.

    `minimum_days` is the shortest history that it can work with; `applies` says where its assumption holds. One
    with `may_lose` replaces the others where it applies, if its past error was at most so many times the best one.
    """

    name: str
    meaning: str
    minimum_days: int
    path: Path
    applies: Applies = always
    may_lose: float | None = None

    @property
    def leads(self) -> bool:
        """Whether it takes the whole of a series instead of a share in the blend."""
        return self.may_lose is not None


def whole_days(history: Floats, steps_a_day: int) -> Floats:
    """The history without the steps before its first whole day, counted from the origin."""
    return history[:, history.shape[1] % steps_a_day :]


def by_step_of_day(history: Floats, steps_a_day: int, *, days: int) -> Floats:
    """Series x steps of the day x the last `days` days: each hour of the day with its values, oldest first."""
    past = history[:, -days * steps_a_day :]
    return pieces(past, steps_a_day).swapaxes(1, 2)


def repeated(pattern: Floats, steps: int) -> Floats:
    """A day's or a week's pattern over as many steps as are wanted."""
    return pattern[:, steps_from(0, steps) % pattern.shape[1]]


def steps_from(first: int, last: int) -> NDArray[np.int64]:
    """The numbers of the steps from `first` up to `last`, without it."""
    return np.arange(first, last, dtype=np.int64)


def ages(days: int) -> Floats:
    """How many days old each day of a history is, oldest first; the last is 0."""
    return np.arange(days - 1, -1, -1, dtype=np.float64)
