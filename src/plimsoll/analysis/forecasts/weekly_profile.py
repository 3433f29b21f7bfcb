"""Every week like the recent ones: medians by hour of the day in which the same weekday weighs most.

A weekday has few values of its own; the other days still steady its median instead of leaving it to three noisy ones.
"""

import numpy as np

from plimsoll.analysis.forecasts.contract import DAYS_A_WEEK, Forecaster, ages, by_step_of_day, repeated
from plimsoll.analysis.robust import Floats, weighted_median

FORGETTING_DAYS = 14.0
SAME_WEEKDAY = 20.0
LONGEST_DAYS = 56


def path(history: Floats, steps: int, steps_a_day: int = 24) -> Floats:
    """Weighted medians by hour of the week; a same weekday weighs as much as twenty other days of its age.

    >>> path(np.tile(np.arange(168.0), 3)[None, :], 2)
    array([[0., 1.]])
    """
    days = by_step_of_day(history, steps_a_day, days=LONGEST_DAYS)
    age = ages(days.shape[-1])
    forgetting = np.exp(-age / FORGETTING_DAYS)
    week = [
        weighted_median(days, np.where((age + 1 + ahead) % DAYS_A_WEEK == 0, SAME_WEEKDAY, 1.0) * forgetting)
        for ahead in range(DAYS_A_WEEK)
    ]
    return repeated(np.concatenate(week, axis=1), steps)


FORECASTER = Forecaster("weekly profile", "recent medians of each hour of the week", minimum_days=7, path=path)
