"""Hourly means -> baselines by hour of the week, the usual range, and the trend of each series.

Hour-of-week values want four weeks; with two or three they are drawn towards the hour of the day by k / (k + 2); below
two weeks the hour of the day stands alone, below two days no baseline exists. Means and deviations leave out what is
further than five robust deviations from the median: one reading in twenty may be wrong without moving them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.analysis.baselines.shifts import last_shift
from plimsoll.analysis.grid import Grid
from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, absent, median, pieces, quantiles
from plimsoll.analysis.trend import trend_of

HOURS_A_DAY: Final = 24
HOURS_A_WEEK: Final = 168
INSUFFICIENT: Final = "insufficient history"
_HISTORY_HOURS: Final = 48
_TREND_DAYS: Final = 28
_OUTLIER: Final = 5.0
_USUAL: Final = (0.005, 0.995)
_MARGIN: Final = 3.0


@dataclass(frozen=True, slots=True)
class Baselines:
    """Three frames: `by_hour` (a row for each series and hour of the week), `usual` and `trends` (a row a series)."""

    by_hour: pl.DataFrame
    usual: pl.DataFrame
    trends: pl.DataFrame


def baselines(hourly: Grid) -> Baselines:
    """The baselines of every series of an hourly grid of whole days."""
    values = hourly.doubles(slice(None))
    offset = hourly.start.weekday() * HOURS_A_DAY + hourly.start.hour
    shifts = last_shift(median(pieces(values, HOURS_A_DAY)))
    current = values.copy()
    for n in np.flatnonzero(shifts.day >= 0).tolist():
        current[n, : shifts.day[n] * HOURS_A_DAY] = np.nan
    names = _names(hourly)
    known = _known(current)
    shifted = [hourly.start + timedelta(days=int(day)) if day >= 0 else None for day in shifts.day.tolist()]
    low, high = _usual(current)
    usual = names.with_columns(
        pl.Series("low", low, nan_to_null=True),
        pl.Series("median", median(current), nan_to_null=True),
        pl.Series("high", high, nan_to_null=True),
        pl.Series("n", known),
        pl.Series("shift_at", shifted, dtype=pl.Datetime("ms", "UTC")),
        pl.Series(
            "shift_size",
            [s if d >= 0 else None for d, s in zip(shifts.day, shifts.size, strict=True)],
            dtype=pl.Float64,  # also where nothing has shifted: blocks are put together
        ),
    )
    return Baselines(_by_hour(current, names, offset), usual, _trends(values, names))


def _names(grid: Grid) -> pl.DataFrame:
    return pl.DataFrame(
        list(grid.series), schema={"resource_id": pl.String, "device": pl.String, "metric": pl.String}, orient="row"
    )


def _usual(current: Floats) -> tuple[Floats, Floats]:
    """The range of all but one hour in a hundred, and three robust deviations more; NaN below two days."""
    enough = _known(current) >= _HISTORY_HOURS
    scale = MAD_TO_SIGMA * median(np.abs(current - median(current)[:, None]))
    low, high = quantiles(current, _USUAL)
    return np.where(enough, low - _MARGIN * scale, np.nan), np.where(enough, high + _MARGIN * scale, np.nan)


def _by_hour(current: Floats, names: pl.DataFrame, offset: int) -> pl.DataFrame:
    slots: NDArray[np.int64] = (offset + np.arange(current.shape[1], dtype=np.int64)) % HOURS_A_WEEK
    known = _known(current)
    weeks = known // HOURS_A_WEEK
    share = np.where(weeks >= 4, 1.0, np.where(weeks >= 2, weeks / (weeks + 2.0), 0.0))
    of_days = [_HourOfDay.of(current[:, slots % HOURS_A_DAY == hour]) for hour in range(HOURS_A_DAY)]
    frames = [
        _hour(current[:, slots == hour], of_days[hour % HOURS_A_DAY], names, hour, share, known)
        for hour in range(HOURS_A_WEEK)
    ]
    return pl.concat(frames).sort("resource_id", "device", "metric", "hour_of_week")


@dataclass(frozen=True, slots=True)
class _HourOfDay:
    """What an hour of the day is like on all days, which seven hours of the week share; `known` counts its readings."""

    robust: tuple[Floats, Floats, Floats, Floats]
    known: NDArray[np.intp]

    @classmethod
    def of(cls, values: Floats) -> "_HourOfDay":
        return cls(_robust(values), _known(values))


def _hour(
    of_week: Floats, of_day: _HourOfDay, names: pl.DataFrame, hour: int, share: Floats, known: NDArray[np.intp]
) -> pl.DataFrame:
    """One hour of the week of every series; `n` counts the hours that its method looks at."""
    day = of_day.robust
    week = _robust(of_week) if share.any() else day  # weighs nothing while no series has two weeks
    mixed = [
        np.where((share > 0) & ~np.isnan(w), share * np.nan_to_num(w) + (1 - share) * d, d)
        for d, w in zip(day, week, strict=True)
    ]
    enough = known >= _HISTORY_HOURS
    center, mad, mean, deviation = (np.where(enough, part, np.nan) for part in mixed)
    method = np.where(share >= 1, "hour of week", np.where(share > 0, "hour of week, shrunk", "hour of day"))
    counted = np.where(share > 0, _known(of_week), of_day.known)
    return names.with_columns(
        pl.lit(hour, pl.Int64).alias("hour_of_week"),
        pl.Series("median", center, nan_to_null=True),
        pl.Series("mad", mad, nan_to_null=True),
        pl.Series("mean", mean, nan_to_null=True),
        pl.Series("std", deviation, nan_to_null=True),
        pl.Series("n", counted),
        pl.Series("hours_known", known),
        pl.Series("method", np.where(enough, method, INSUFFICIENT).tolist(), dtype=pl.String),
    )


def _known(values: Floats) -> NDArray[np.intp]:
    """How many readings each series has."""
    return np.asarray(np.count_nonzero(~np.isnan(values), axis=-1), dtype=np.intp)


def _robust(values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Median, MAD, and the mean and deviation without outliers, along the last axis."""
    center = median(values)
    mad = median(np.abs(values - center[..., None]))
    far = np.abs(values - center[..., None]) > _OUTLIER * MAD_TO_SIGMA * mad[..., None]
    kept = np.where(far & (mad[..., None] > 0), np.nan, values)
    return center, mad, absent(np.nanmean, kept), absent(np.nanstd, kept)


def _trends(values: Floats, names: pl.DataFrame) -> pl.DataFrame:
    found = trend_of(values[:, -_TREND_DAYS * HOURS_A_DAY :])
    return names.with_columns(
        pl.Series("trend", found.labels, dtype=pl.String),
        pl.Series("p", found.p, nan_to_null=True),
        pl.Series("slope_per_day", found.slope_per_day, nan_to_null=True),
        pl.Series("days", found.days),
    )
