"""A straight line under the usual shape: profile + Theil-Sen, only where the trend test says that there is a trend."""

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.forecasts import weekly_profile
from plimsoll.analysis.forecasts.contract import DAYS_A_WEEK, Forecaster, repeated, steps_from
from plimsoll.analysis.robust import Floats, absent, median, pieces, theil_sen
from plimsoll.analysis.trend import trend_of, without_daily_profile

LONGEST_DAYS = 90


def path(history: Floats, steps: int, steps_a_day: int = 24) -> Floats:
    """The median slope of all pairs of deseasoned daily means, under the weekly shape, through the middle of the days.

    >>> path(np.arange(28 * 24.0)[None, :], 2)
    array([[672., 673.]])
    """
    past = history[:, -LONGEST_DAYS * steps_a_day :]
    daily = absent(np.nanmean, pieces(without_daily_profile(past, steps_a_day), steps_a_day))
    slope = theil_sen(daily)[:, None] / steps_a_day
    flat: Floats = past - slope * steps_from(-past.shape[1], 0)
    week = weekly_profile.path(flat, DAYS_A_WEEK * steps_a_day, steps_a_day)
    # a profile of medians may lie beside the days' means: the line goes through the middle of the days
    fitted = week[:, steps_from(-past.shape[1], 0) % week.shape[1]]
    aside = median(absent(np.nanmean, pieces(flat - fitted, steps_a_day)))
    return repeated(week + aside[:, None], steps) + slope * steps_from(0, steps)


def applies(history: Floats, steps_a_day: int = 24) -> NDArray[np.bool_]:
    """Whether the trend test calls a rise or a fall."""
    labels = trend_of(history, steps_a_day=steps_a_day, share_of_median=0.0).labels
    return np.array([label in ("increasing", "decreasing") for label in labels], dtype=np.bool_)


FORECASTER = Forecaster(
    "profile + Theil-Sen",
    "the median slope under the weekly shape",
    minimum_days=10,
    path=path,
    applies=applies,
    may_lose=1.5,
)
