"""From many surprises to one score a row: 3 is worth an alarm.

Metric score S = Z + 2 F + 0.3 log10(1 + |z|): Z the weighted mean of the surprises (a Fisher-type combination of
p-values), F the IsolationForest's score of the same surprises (one forest for all series of a class: surprises have no
unit), z the robust z-score against the expected value.

Resource score, for resources with five metrics or more: R = mean of the five largest Z + F / 2 of (largest, second,
third, mean of five, mean, shares above 1 and 2); 2.13 is the alarm.

While readings stay strange the score holds: s(t) = max(S(t), min(s(t-1), hold * S(t))), so that one event is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.anomalies.calendar_slots import usual_at_its_hour
from plimsoll.analysis.anomalies.forest import MOST_RATED, TYPICAL, Forest
from plimsoll.analysis.anomalies.residuals import NAMES, residuals
from plimsoll.analysis.anomalies.surprise import surprise
from plimsoll.analysis.grid import Grid, Single
from plimsoll.analysis.robust import Floats

METRIC_WEIGHTS: Final = MappingProxyType({"step": 1, "hour": 1, "noise": 0.5, "swell": 0.5, "season": 1, "value": 1})
RESOURCE_WEIGHTS: Final = MappingProxyType({"step": 1.5, "noise": 0.5, "swell": 1.0, "season": 1.5})
METRIC_HOLD: Final = 1.3
RESOURCE_HOLD: Final = 1.6
FOREST_WEIGHT: Final = 2.0
RESOURCE_FOREST_WEIGHT: Final = 0.5
Z_WEIGHT: Final = 0.3
ALARM: Final = 3.0
RESOURCE_ALARM: Final = 2.13
FEWEST_METRICS: Final = 5
REFRESHES_PER_DAY: Final = 4.0
_TOP = 5
_BATCH = 256
_FULL_HISTORY_DECADES = 3.0


@dataclass(frozen=True, slots=True)
class Surprises:
    """Surprises of the rows from `since` on.

    `by_residual` is [residual, series, rows] in the order of `residuals.NAMES`, NaN without a reading or history;
    `z`, `expected` and `scale` are [series, rows]; `known` counts the readings before each row.
    """

    since: int
    by_residual: Single
    z: Single
    expected: Single
    scale: Single
    known: Single


def surprises(grid: Grid, *, since: int = 1, refreshes_per_day: float = REFRESHES_PER_DAY) -> Surprises:
    """Residuals and conformal p-values of every series of a grid, a few hundred at a time."""
    refresh = max(1, round(grid.per_day / refreshes_per_day))
    shape = (len(grid.series), grid.rows - since)
    by_residual = np.full((len(NAMES), *shape), np.nan, np.float32)
    z, expected, scale, known = (np.full(shape, np.nan, np.float32) for _ in range(4))
    for begin in range(0, len(grid.series), _BATCH):
        part = slice(begin, min(begin + _BATCH, len(grid.series)))
        values = grid.doubles(part)
        found = residuals(values, per_day=grid.per_day)
        for n, name in enumerate(NAMES):
            rare = surprise(found.z[name], refresh=refresh, two_sided=name == "value", start=since)[:, since:]
            of = found.z["level" if name == "value" else name]  # a value has no zero to be far from
            by_residual[n, part] = usual_at_its_hour(rare, of, per_day=grid.per_day, start=since)
        z[part], expected[part] = found.z["season"][:, since:], found.expected[:, since:]
        scale[part] = found.scale[:, since:]
        known[part] = np.cumsum(~np.isnan(values), axis=1)[:, since:]
    return Surprises(since, by_residual, z, expected, scale, known)


def only(found: Surprises, series: NDArray[np.intp]) -> Surprises:
    """The surprises of some series."""
    return Surprises(
        found.since,
        found.by_residual[:, series],
        found.z[series],
        found.expected[series],
        found.scale[series],
        found.known[series],
    )


def combined(found: Surprises, weights: Mapping[str, float]) -> Floats:
    """Z: the weighted mean of the surprises [series, rows]; short histories, whose p cannot be small, are scaled up."""
    share = np.array([weights.get(name, 0.0) for name in NAMES])
    mean: Floats = np.einsum("r,rst->st", share / share.sum(), np.nan_to_num(found.by_residual.astype(np.float64)))
    scaled: Floats = mean * np.maximum(1.0, _FULL_HISTORY_DECADES / np.log10(np.maximum(found.known, 2) + 1.0))
    return scaled


def unheard(found: Surprises) -> NDArray[np.bool_]:
    """Rows [series, rows] that say nothing: no reading, or no history to judge it by."""
    silent: NDArray[np.bool_] = np.all(np.isnan(found.by_residual), axis=0)
    return silent


def metric_scores(found: Surprises, forest: Forest, *, least: float = 0.0) -> tuple[Floats, Floats]:
    """(S, F) of each series and row [series, rows]; S is 0 where nothing was read.

    Rows that cannot reach `least` whatever the forest says are not asked of it: their F is NaN, and S
    takes a usual row's. No score of `least` or more is changed by that.
    """
    silent = unheard(found)
    away = Z_WEIGHT * np.log10(1.0 + np.abs(np.nan_to_num(found.z.astype(np.float64))))
    score = combined(found, METRIC_WEIGHTS) + away
    rated = np.full(score.shape, np.nan)
    asked = (score + FOREST_WEIGHT * MOST_RATED >= least) & ~silent
    rated[asked] = forest.rate(np.moveaxis(found.by_residual, 0, -1)[asked])
    score += FOREST_WEIGHT * np.where(np.isnan(rated), TYPICAL, rated)
    score[silent] = 0.0
    return score, rated


def resource_features(z: Floats) -> Floats:
    """Z of a resource's metrics [metrics, rows] -> the seven features of each row [rows, 7]."""
    ordered = -np.sort(-z, axis=0)
    top = ordered[:_TOP].mean(axis=0)
    parts = [ordered[0], ordered[1], ordered[2], top, z.mean(axis=0), (z > 1).mean(axis=0), (z > 2).mean(axis=0)]
    return np.stack(parts, axis=1)


def resource_rated(features: Floats, forest: Forest) -> Floats:
    """F of each row of features; a usual row's where no F would bring R, held, to the alarm."""
    rated = np.full(len(features), TYPICAL)
    asked = features[:, 3] + RESOURCE_FOREST_WEIGHT * MOST_RATED >= RESOURCE_ALARM / RESOURCE_HOLD
    rated[asked] = forest.rate(features[asked])
    return rated


def resource_score(features: Floats, rated: Floats) -> Floats:
    """R of each row, held, and moved so that `ALARM` is the alarm."""
    return sustain(features[:, 3] + RESOURCE_FOREST_WEIGHT * rated, RESOURCE_HOLD) + ALARM - RESOURCE_ALARM


def sustain(score: Floats, hold: float) -> Floats:
    """The score that goes on while readings stay strange, along the last axis."""
    out = np.array(score, dtype=np.float64)
    for row in range(1, out.shape[-1]):
        out[..., row] = np.maximum(score[..., row], np.minimum(out[..., row - 1], hold * score[..., row]))
    return out
