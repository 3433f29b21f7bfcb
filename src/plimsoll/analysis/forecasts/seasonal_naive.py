"""The same hour of last week: what every other forecaster has to beat."""

import numpy as np

from plimsoll.analysis.forecasts.contract import DAYS_A_WEEK, Forecaster, repeated
from plimsoll.analysis.robust import Floats, median, pieces


def path(history: Floats, steps: int, steps_a_day: int = 24) -> Floats:
    """Each step as it was a week before; where that is a gap, as it was the week before that; else the median.

    >>> path(np.arange(168.0)[None, :], 2)
    array([[0., 1.]])
    """
    week = DAYS_A_WEEK * steps_a_day
    short = -history.shape[1] % week
    weeks = pieces(np.pad(history, ((0, 0), (short, 0)), constant_values=np.nan), week)
    last = weeks[:, -1]
    for older in range(2, weeks.shape[1] + 1):
        last = np.where(np.isnan(last), weeks[:, -older], last)
    return repeated(np.where(np.isnan(last), median(history)[:, None], last), steps)


FORECASTER = Forecaster("seasonal naive", "the same hour of last week", minimum_days=7, path=path)
