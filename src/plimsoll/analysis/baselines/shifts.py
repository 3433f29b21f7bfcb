"""Shifts of level: the day from which a series runs at another height. What was before does not guide any more."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, absent, median

FEWEST_DAYS: Final = 5
_BEFORE_DAYS: Final = 14
_SCALES: Final = 6.0
_SHARE: Final = 0.10
_FLOOR: Final = 0.01


@dataclass(frozen=True, slots=True)
class Shifts:
    """One entry a series: the first day of the new level (-1: none), and how far it is from the one before."""

    day: NDArray[np.int64]
    size: Floats


def last_shift(daily: Floats) -> Shifts:
    """Daily medians [series, days], NaN = no reading -> the latest shift of each.

    Where the days on both sides lie closest to their own medians, the shift was. It is called when the two medians
    differ by six robust deviations and by a tenth; five days on each side, so that a weekend is none.

    >>> days = np.concatenate([np.full(10, 20.0), np.full(5, 30.0)]) + 0.1 * np.arange(15) % 0.3
    >>> last_shift(days[None, :]).day
    array([10])
    """
    series, days = daily.shape
    best = np.full(series, np.inf)
    day, size = np.full(series, -1, np.int64), np.zeros(series)
    for split in range(FEWEST_DAYS, days - FEWEST_DAYS + 1):
        before, after = daily[:, max(0, split - _BEFORE_DAYS) : split], daily[:, split:]
        middle, now = median(before), median(after)
        away = np.concatenate([before - middle[:, None], after - now[:, None]], axis=1)
        scale = MAD_TO_SIGMA * median(np.abs(away)) + _FLOOR * np.abs(middle)
        change = now - middle
        known = np.minimum(np.count_nonzero(~np.isnan(before), axis=1), np.count_nonzero(~np.isnan(after), axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(scale > 0, np.abs(change) / scale, 0.0)
        sure = (known >= FEWEST_DAYS) & (ratio >= _SCALES) & (np.abs(change) >= _SHARE * np.abs(middle))
        cost = absent(np.nanmean, np.abs(away))
        better = sure & (cost < best)
        best[better], day[better], size[better] = cost[better], split, change[better]
    return Shifts(day, size)
