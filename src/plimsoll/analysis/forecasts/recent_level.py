"""The level of the last day under the shape of last week: for series that wander."""

import numpy as np

from plimsoll.analysis.forecasts.contract import DAYS_A_WEEK, Forecaster, by_step_of_day, repeated
from plimsoll.analysis.robust import Floats, median

SHARE_OF_LAST_DAY = 0.3


def path(history: Floats, steps: int, steps_a_day: int = 24) -> Floats:
    """Hour-of-day medians of the last week, moved part of the way to where the last day lay against them.

    >>> path(np.tile(np.arange(24.0), 7)[None, :], 2)
    array([[0., 1.]])
    """
    profile = median(by_step_of_day(history, steps_a_day, days=DAYS_A_WEEK))
    shift = median(history[:, -steps_a_day:] - profile)
    level = np.where(np.isnan(shift), 0.0, SHARE_OF_LAST_DAY * shift)
    return repeated(profile + level[:, None], steps)


FORECASTER = Forecaster("recent level", "last week's shape at the last day's level", minimum_days=7, path=path)
