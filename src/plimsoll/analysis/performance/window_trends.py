"""Did a gauge rise or fall over the asked window? Of its parts, with a least effect; unknown where it is thin.

Readings that follow one another are alike, so the variance of Mann-Kendall's S is Hamed and Rao's, and the change has
to be four times what lies around the line: of series that wander by themselves (AR(1), 0.8 from part to part) one in
seventy is called, of those that rise by 38 points in noise of three 99 in 100.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from plimsoll.analysis.performance.resources import GAUGES, Trends
from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, absent, median, pieces, theil_sen
from plimsoll.analysis.trend import hamed_rao_p, without_daily_profile
from plimsoll.clock import Window
from plimsoll.documents import Trend

PARTS: Final = 24
"""Of a window of less than three days; a longer one is cut into quarters of days, less the day's own shape."""
ALPHA: Final = 0.001
LEAST_POINTS: Final = 5.0
LEAST_NOISE: Final = 4.0
KNOWN_SHARE: Final = 0.75
_DAY_S: Final = 86_400
_LONG_S: Final = 3 * _DAY_S


def window_trends(readings: pl.DataFrame, window: Window) -> Trends:
    """(resource, column) -> label of each gauge; absent where more than a quarter of the window has no reading.

    in: readings of one window, by resource_id
    """
    found: dict[tuple[str, str], Trend] = {}
    days = int(window.seconds // _DAY_S)
    count = 24 * days if window.seconds >= _LONG_S else PARTS
    step_ms = (_DAY_S * 1000 * days if window.seconds >= _LONG_S else int(window.seconds * 1000)) / count
    end_ms = int(window.end.timestamp() * 1000)
    back = ((end_ms - pl.col("ts").dt.epoch("ms") - 1) / step_ms).floor().cast(pl.Int64)
    means = (
        readings.with_columns((count - 1 - back).alias("part"))
        .filter(pl.col("part") >= 0, pl.col("part") < count)
        .group_by("resource_id", "part")
        .agg(pl.col(column).mean() for column in GAUGES.values())
    )
    for column in GAUGES.values():
        names, values = _matrix(means, column, count)
        points = values if count == PARTS else _by_quarters(values)
        found |= {(name, column): label for name, label in labels(names, points).items()}
    return found


def _matrix(means: pl.DataFrame, column: str, count: int) -> tuple[list[str], Floats]:
    """The resources that have a metric, and a row of parts for each; NaN where a part has no reading."""
    known = means.select("resource_id", "part", column).drop_nulls().sort("resource_id")
    names = known["resource_id"].unique(maintain_order=True).to_list()
    values = np.full((len(names), count), np.nan)
    rows = {name: row for row, name in enumerate(names)}
    for name, part, value in known.iter_rows():
        values[rows[name], part] = value
    return names, values


def _by_quarters(hours: Floats) -> Floats:
    """Quarters of days, less what a day looks like."""
    return absent(np.nanmean, pieces(without_daily_profile(hours), 6))


def labels(names: list[str], points: Floats) -> Mapping[str, Trend]:
    """The label of each row, where enough of it is known.

    >>> ramp = np.linspace(40.0, 78.0, 24)
    >>> labels(["a", "b"], np.stack([ramp, np.full(24, 50.0)]))
    {'a': 'increasing', 'b': 'stable'}
    """
    enough = np.count_nonzero(~np.isnan(points), axis=1) >= KNOWN_SHARE * points.shape[1]
    slope = theil_sen(points)
    change = np.abs(slope) * (points.shape[1] - 1)
    rest = points - slope[:, None] * np.arange(points.shape[1], dtype=np.float64)[None, :]
    noise = MAD_TO_SIGMA * median(np.abs(rest - median(rest)[:, None]))
    large = (change >= LEAST_POINTS) & (change >= LEAST_NOISE * noise)
    found: dict[str, Trend] = {}
    for row, name in enumerate(names):
        if enough[row]:
            moved = bool(large[row]) and hamed_rao_p(points[row]) < ALPHA
            found[name] = "stable" if not moved else "increasing" if slope[row] > 0 else "decreasing"
    return found
