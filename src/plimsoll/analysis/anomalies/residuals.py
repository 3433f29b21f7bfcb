"""Robust residuals: the ways in which a reading can be unlike what came before it.

Each is causal (the statistics of a row are made of earlier rows only) and in units of the series' own scale, so that
multiplying a metric by a constant changes nothing.

| residual | what it is | what it sees |
|---|---|---|
| level | reading less the median of seven days, over 1.4826 MAD | shifts |
| step | change since the reading before, over the mean size of a change | jumps |
| hour | mean of the last hour, like `level` | what lasts |
| noise, swell | log of the standard deviation of one and of four hours, like `level` | noise that begins; a flat line |
| season | reading less the median of its hour (and weekday) where that explains something, else `level` | wrong hour |
| value | the reading itself | never seen before |
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, absent, median

NAMES: Final = ("level", "step", "hour", "noise", "swell", "season", "value")
_LEVEL_FLOOR = 0.05
_STEP_FLOOR = 0.02
_LOG_FLOOR = 0.1
_SEASON_GAIN = 0.9
_WEEK_GAIN = 0.8
_WEEKS = 4
_LEVEL_DAYS, _SCALE_DAYS, _SEASON_DAYS = 7, 28, 14
_FIRST_HOURS = 4
_SLOTS = 24


@dataclass(frozen=True, slots=True)
class Residuals:
    """z by name, and what `season` was measured against: `expected` and `scale` in the metric's unit.

    Every array is [series, rows]; NaN where there is no reading or no history yet.
    """

    z: dict[str, Floats]
    expected: Floats
    scale: Floats


def residuals(values: Floats, *, per_day: float) -> Residuals:
    """Regular series [series, rows] with `per_day` rows a day, NaN = gap -> their residuals."""
    x = _frame(values)
    hour, week, month = (max(3, round(per_day * days)) for days in (1 / 24, _LEVEL_DAYS, _SCALE_DAYS))
    enough = max(8, min(_FIRST_HOURS * hour, week))
    spread = _array(x.select(pl.all().rolling_std(month, min_samples=enough).shift(1)))
    expected, level, scale = _from_median(x, week, enough, _LEVEL_FLOOR * spread)
    change = x.select(pl.all() - pl.all().shift(1))
    usual = _array(change.select(pl.all().abs().rolling_mean(week, min_samples=enough).shift(1)))
    _, mean, mean_scale = _from_median(
        x.select(pl.all().rolling_mean(hour, min_samples=2)), week, enough, _LEVEL_FLOOR * spread
    )
    center, away, own = _season(values, _Level(expected, level, scale, _LEVEL_FLOOR * spread), per_day)
    return Residuals(
        {
            "level": level / scale,
            "step": _array(change) / _positive(np.fmax(usual, _STEP_FLOOR * spread)),
            "hour": mean / mean_scale,
            "noise": _noise(x, hour, week, enough, spread),
            "swell": _noise(x, 4 * hour, week, enough, spread),
            "season": away / own,
            "value": values,
        },
        center,
        own,
    )


def _noise(x: pl.DataFrame, rows: int, week: int, enough: int, spread: Floats) -> Floats:
    """Log standard deviation of the last `rows` against its own week."""
    deviation = _array(x.select(pl.all().rolling_std(rows, min_samples=3)))
    size = np.log(deviation + 1e-3 * spread + 1e-12)
    _, away, scale = _from_median(_frame(size), week, enough, np.full_like(size, _LOG_FLOOR))
    return away / scale


def _from_median(x: pl.DataFrame, window: int, enough: int, floor: Floats) -> tuple[Floats, Floats, Floats]:
    """(median before, distance from it, scale of that distance: 1.4826 MAD, at least `floor`)."""
    before = x.select(pl.all().rolling_median(window, min_samples=enough).shift(1))
    away = _array(x) - _array(before)
    mad = _array(_frame(np.abs(away)).select(pl.all().rolling_median(window, min_samples=enough).shift(1)))
    return _array(before), away, _positive(np.fmax(MAD_TO_SIGMA * mad, floor))


@dataclass(frozen=True, slots=True)
class _Level:
    """What is expected without a season, the distance from it, its scale, and the least that a scale may be."""

    expected: Floats
    away: Floats
    scale: Floats
    floor: Floats


def _season(values: Floats, level: _Level, per_day: float) -> tuple[Floats, Floats, Floats]:
    """(expected, distance, scale), renewed daily: the hour's median of 14 days, where that leaves less than 0.9 MAD.

    Where in the last seven days the same weekdays of up to four weeks before came closer by a fifth, their hours'
    medians instead: working days and weekends, a batch on Saturday. The first two days have no distance: what is far
    from nothing known must not make later distances look usual.
    """
    center, away, scale = level.expected.copy(), level.away.copy(), level.scale.copy()
    day = max(1, round(per_day))
    slots = min(_SLOTS, day)
    slot: NDArray[np.int64] = (np.arange(values.shape[1], dtype=np.int64) % day) * slots // day
    away[:, : 2 * day] = np.nan
    off_day, off_week = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    for start in range(2 * day, values.shape[1], day):
        rows = slice(start, min(values.shape[1], start + day))
        before = slice(max(0, start - _SEASON_DAYS * day), start)
        past, slot_past = values[:, before], slot[before]
        profile = _by_slot(past, slot_past, slots)
        plain = median(np.abs(past - median(past)[:, None]))
        left = median(np.abs(past - profile[:, slot_past]))
        weekday = _by_slot(*_same_weekday(values, slot, start, day), slots)
        recent = slice(max(0, start - 7 * day), start)
        of_day, of_week = (absent(np.nanmean, np.abs(off[:, recent])) for off in (off_day, off_week))
        tried = np.count_nonzero(~np.isnan(off_week[:, recent]), axis=1) >= 3.5 * day
        weekly = tried & (of_week < _WEEK_GAIN * of_day) & ~np.isnan(weekday).any(axis=1)
        better = weekly | (left < _SEASON_GAIN * plain)
        off_day[:, rows] = values[:, rows] - profile[:, slot[rows]]
        off_week[:, rows] = values[:, rows] - weekday[:, slot[rows]]
        chosen = np.where(weekly[:, None], weekday, profile)
        left = np.where(weekly, median(np.abs(off_week[:, recent])), left)
        center[better, rows] = chosen[better][:, slot[rows]]
        away[better, rows] = values[better, rows] - center[better, rows]
        least = np.fmax(MAD_TO_SIGMA * left[:, None], level.floor[:, rows])
        scale[better, rows] = _positive(least)[better]
    return center, away, scale


def _by_slot(values: Floats, slot: NDArray[np.int64], slots: int) -> Floats:
    """The median of each slot of the day [series, slots]."""
    return np.stack([median(values[:, slot == s]) for s in range(slots)], axis=1)


def _same_weekday(values: Floats, slot: NDArray[np.int64], start: int, day: int) -> tuple[Floats, NDArray[np.int64]]:
    """The readings of the same weekday of up to four weeks before the day that begins at `start`, and their slots."""
    begins = [start - 7 * day * week for week in range(1, _WEEKS + 1) if start >= 7 * day * week]
    rows = np.concatenate([np.arange(begin, begin + day) for begin in begins] or [np.empty(0, np.int64)])
    return values[:, rows], slot[rows]


def _frame(values: Floats) -> pl.DataFrame:
    """One column a series; gaps are null, since Polars' rolling statistics pass over nulls and not over NaN."""
    return pl.DataFrame({str(n): row for n, row in enumerate(values)}, nan_to_null=True)


def _array(frame: pl.DataFrame) -> Floats:
    return np.ascontiguousarray(frame.cast(pl.Float64).to_numpy().T)


def _positive(scale: Floats) -> Floats:
    """Scales, NaN where zero: a series that has never moved has no scale to be judged by."""
    return np.where(scale > 0, scale, np.nan)
