"""Numbers that are put together hour by hour: the last hour's level, the use of some hours of the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import numpy as np

from plimsoll.analysis.bottlenecks.expressions.measures import steps_of
from plimsoll.analysis.bottlenecks.expressions.terms import number
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.robust import Floats, absent


@dataclass(frozen=True, slots=True)
class LastHour:
    """The mean or the lowest reading of the last hour of which anything was read, of so many hours before the end."""

    metric: str
    fold: Literal["mean", "min"]
    hours: float

    def value(self, window: ResourceWindow) -> float:
        """The level of that hour."""
        known = [level for level in self.levels(window).tolist() if np.isfinite(level)]
        return float(known[-1]) if known else float("nan")

    def levels(self, window: ResourceWindow) -> Floats:
        """The level of every hour, the last one last; NaN for an hour of gaps."""
        per_hour = max(1, round(window.rows_per_hour))
        row = window.readings[self.metric]
        hours = row[len(row) % per_hour :].reshape(-1, per_hour)[-round(self.hours) :]
        return absent(np.nanmean if self.fold == "mean" else np.nanmin, hours)

    def sql(self, window: ResourceWindow, end: datetime) -> str:
        """The newest hour that has a reading."""
        per_hour = max(1, round(window.rows_per_hour))
        hours = min(round(self.hours), window.rows // per_hour)
        steps = steps_of(window, end, [self.metric], begin=window.rows - hours * per_hour, stop=window.rows)
        what = "avg" if self.fold == "mean" else "min"
        return (
            f"{steps} SELECT {what}({self.metric}) AS observed FROM steps GROUP BY step // {per_hour} "  # noqa: S608 - names of the catalogue, numbers
            f"HAVING count({self.metric}) > 0 ORDER BY step // {per_hour} DESC LIMIT 1"
        )


@dataclass(frozen=True, slots=True)
class ClockHours:
    """The highest of some hours of the clock, each as a quantile over all days; hour 0 begins 24 h before the end."""

    metric: str
    quantile: float
    hours: Sequence[int]

    def value(self, window: ResourceWindow) -> float:
        """The busiest of the hours."""
        return float(np.max(by_hour(window, self.metric, self.quantile)[list(self.hours)]))

    def sql(self, window: ResourceWindow, end: datetime) -> str:
        """Each hour of the clock first, then the highest."""
        per_hour = round(window.rows_per_hour)
        days = window.rows // (24 * per_hour)
        steps = steps_of(window, end, [self.metric], begin=window.rows - days * 24 * per_hour, stop=window.rows)
        listed = ", ".join(str(hour) for hour in sorted(self.hours))
        return (
            f"{steps} SELECT max(used) AS observed FROM (SELECT quantile_cont({self.metric}, {number(self.quantile)}) "  # noqa: S608
            f"AS used FROM steps WHERE step // {per_hour} % 24 IN ({listed}) GROUP BY step // {per_hour} % 24)"
        )


def by_hour(window: ResourceWindow, metric: str, quantile: float) -> Floats:
    """The quantile of each hour of the clock over whole days, in the metric's unit; NaN for an hour of gaps."""
    row, per_hour = window.readings[metric], round(window.rows_per_hour)
    days = len(row) // (24 * per_hour)
    hours = row[-days * 24 * per_hour :].reshape(days, 24, per_hour).transpose(1, 0, 2).reshape(24, -1)
    return absent(partial(np.nanquantile, q=quantile), hours)
