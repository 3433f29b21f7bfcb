"""What comes at the same time each day or each week is known after three days or two weeks: it is not news.

A backup at 02:00 and a batch on Saturday night are rare among all the readings, and usual at their hour. Where a
residual was at least nearly so large at the same time (one step more or less) on three of the last fourteen days, or on
two of the last four weeks, its surprise is at most what that share gives.
"""

from typing import Final

import numpy as np

from plimsoll.analysis.robust import Floats

_LIKE: Final = 0.8
_DAYS: Final = 14
_WEEKS: Final = 4
_FEWEST_DAYS: Final = 3
_FEWEST_WEEKS: Final = 2
_SHARE: Final = 0.2
"""Less than one day in five is not a habit."""
_WORTH: Final = 1.0


def usual_at_its_hour(rare: Floats, residuals: Floats, *, per_day: float, start: int) -> Floats:
    """Surprises [series, rows from `start` on] of signed residuals [series, rows], less what comes at its hour.

    Only surprises of one decade or more are looked at. Gaps say nothing: only days and weeks with readings count.
    """
    day, width = round(per_day), residuals.shape[1] + 2
    series, column = np.nonzero(rare >= _WORTH)
    if day < 2 or not len(series):
        return rare
    padded = np.full((len(residuals), width), np.nan)
    padded[:, 1:-1] = residuals
    now = residuals[series, start + column]
    sign, limit = np.sign(now), np.full(len(now), np.inf)
    for length, times, fewest in ((day, _DAYS, _FEWEST_DAYS), (7 * day, _WEEKS, _FEWEST_WEEKS)):
        like, known = np.zeros(len(now)), np.zeros(len(now))
        for back in range(length, min(times * length, start + rare.shape[1]) + 1, length):
            at = start + column - back
            three = [padded[series, np.clip(at + shift, 0, width - 1)] for shift in (0, 1, 2)]
            near = np.fmax.reduce([sign * value for value in three])
            with np.errstate(invalid="ignore"):
                like += near >= _LIKE * np.abs(now)
            known += ~np.isnan(near)
        habit = (like >= fewest) & (like >= _SHARE * known)
        limit = np.where(habit, np.minimum(limit, -np.log10((1.0 + like) / (known + 1.0))), limit)
    found = rare.copy()
    found[series, column] = np.minimum(found[series, column], limit)
    return found
