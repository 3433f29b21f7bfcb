"""Whether what is idle now has worked before: all of history is asked before anything is given back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow

WEEK_H: Final = 168.0
_LEAST_WORK_H: Final = 0.5


@dataclass(frozen=True, slots=True)
class EarlierWork:
    """Work in the history: `hours` of it in `days` that were read, the last of it `back_h` hours before the end."""

    hours: float
    days: float
    back_h: float

    def words(self, window: ResourceWindow) -> str:
        """One sentence."""
        when = "" if window.end is None else f", last on {window.end - timedelta(hours=self.back_h):%a %d %b}"
        worked = f"It worked for {self.hours:,.0f} h of the {self.days:.0f} days that are read{when}"
        return f"{worked}: it may be needed again."


def earlier_work(window: ResourceWindow, idle: Mapping[str, float]) -> EarlierWork | None:
    """Work by any of these metrics being above its level; None: a week or more was read, and nothing worked in it.

    Less than a week read is taken for work: nothing is known of the other days.
    """
    rows = {metric: row for metric in idle if (row := window.whole(metric)) is not None}
    worked: NDArray[np.bool_] = np.zeros(window.rows, dtype=np.bool_)
    known: NDArray[np.bool_] = np.zeros(window.rows, dtype=np.bool_)
    for metric, row in rows.items():
        worked |= np.nan_to_num(row, nan=-np.inf) > idle[metric]
        known |= ~np.isnan(row)
    hours, read_h = window.hours(worked), window.hours(known)
    if hours < _LEAST_WORK_H and read_h >= WEEK_H:
        return None
    at = np.flatnonzero(worked)
    back_h = (window.rows - int(at[-1])) * window.step_s / 3600 if len(at) else read_h
    return EarlierWork(hours, read_h / 24, back_h)
