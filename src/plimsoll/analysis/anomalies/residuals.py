"""Robust residuals: the ways in which a reading can be unlike what came before it.

Each is causal (the statistics of a row are made of earlier rows only) and in units of the series' own scale, so that
multiplying a metric by a constant changes nothing.

| residual | what it is | what it sees |
|---|---|---|
| level | reading less the median of seven days, over 1.4826 MAD | shifts |
| step | change since the reading before, over the mean size of a change | jumps |
| hour | mean of the last hour, like `level` | what lasts |
| noise, swell | log of the standard deviation of one and of four hours, like `level` | noise that begins; a flat line |
| season | reading less the median of its hour of the day, where that explains something, else `level` | wrong hour |
| value | the reading itself | never seen before |
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, median

NAMES: Final = ("level", "step", "hour", "noise", "swell", "season", "value")
_LEVEL_FLOOR = 0.05
_STEP_FLOOR = 0.02
_LOG_FLOOR = 0.1
_SEASON_GAIN = 0.9
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
    center, away = _season(values, expected, level, per_day)
    return Residuals(
        {
            "level": level / scale,
            "step": _array(change) / _positive(np.fmax(usual, _STEP_FLOOR * spread)),
            "hour": mean / mean_scale,
            "noise": _noise(x, hour, week, enough, spread),
            "swell": _noise(x, 4 * hour, week, enough, spread),
            "season": away / scale,
            "value": values,
        },
        center,
        scale,
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


def _season(values: Floats, expected: Floats, level: Floats, per_day: float) -> tuple[Floats, Floats]:
    """(expected, distance): the hour's median of 14 days, renewed daily, where it leaves less than 0.9 of the MAD."""
    center, away = expected.copy(), level.copy()
    day = max(1, round(per_day))
    slots = min(_SLOTS, day)
    slot: NDArray[np.int64] = (np.arange(values.shape[1], dtype=np.int64) % day) * slots // day
    for start in range(2 * day, values.shape[1], day):
        past = values[:, max(0, start - _SEASON_DAYS * day) : start]
        slot_past = slot[max(0, start - _SEASON_DAYS * day) : start]
        profile = np.stack([median(past[:, slot_past == s]) for s in range(slots)], axis=1)
        plain = median(np.abs(past - median(past)[:, None]))
        seasonal = median(np.abs(past - profile[:, slot_past]))
        better = seasonal < _SEASON_GAIN * plain
        rows = slice(start, min(values.shape[1], start + day))
        center[better, rows] = profile[better][:, slot[rows]]
        away[better, rows] = values[better, rows] - center[better, rows]
    return center, away


def _frame(values: Floats) -> pl.DataFrame:
    """One column a series; gaps are null, since Polars' rolling statistics pass over nulls and not over NaN."""
    return pl.DataFrame({str(n): row for n, row in enumerate(values)}, nan_to_null=True)


def _array(frame: pl.DataFrame) -> Floats:
    return np.ascontiguousarray(frame.cast(pl.Float64).to_numpy().T)


def _positive(scale: Floats) -> Floats:
    """Scales, NaN where zero: a series that has never moved has no scale to be judged by."""
    return np.where(scale > 0, scale, np.nan)
