"""Flat line: a metric that always moved and now does not move at all, such as a sensor that repeats its last value.

A value that was read before, and more than once, is one at which the metric rests (a count, a state, a limit): a sensor
that is stuck repeats one of the many values that never come twice.
"""

from typing import Final

import numpy as np

from plimsoll.analysis.anomalies.contract import Finding, Look, Moved, ended, severity
from plimsoll.analysis.anomalies.events import runs
from plimsoll.analysis.grid import Grid
from plimsoll.analysis.robust import Floats

NAME: Final = "flat_line"
_LEAST_S: Final = 2 * 3600.0
_TIMES_LONGEST: Final = 3.0
_STILL: Final = 1e-6
_HISTORY_DAYS: Final = 2
_USUALLY_STILL: Final = 0.05
_RESTS: Final = 2


def find(grid: Grid, look: Look) -> list[Finding]:
    """Stretches without any movement, two hours or longer, three times as long as any before."""
    found: list[Finding] = []
    history = max(look.since, 1)
    if history < _HISTORY_DAYS * grid.per_day:
        return []
    for n in range(len(grid.series)):
        values = grid.doubles(slice(n, n + 1))[0]
        spread = float(np.nanstd(values[:history])) if np.isfinite(values[:history]).any() else 0.0
        still = np.abs(np.diff(values, prepend=np.nan)) <= _STILL * spread
        past = still[:history]
        if spread <= _STILL * np.abs(np.nan_to_num(values)).max() or past.mean() > _USUALLY_STILL:
            continue
        least = max(_LEAST_S / grid.step_s, _TIMES_LONGEST * max((b - a + 1 for a, b in runs(past)), default=0))
        for first, last in runs(still):
            if last < look.since or last - first + 1 < least or values[last] == 0.0:
                continue
            if _is_at_rest(values, first - 1, last, _STILL * spread):
                continue
            found.append(_finding(grid, n, first - 1, last, history, least))
    return sorted(found, key=lambda one: (one.resource_id, one.start, one.metric))


def _is_at_rest(values: Floats, first: int, last: int, still: float) -> bool:
    """Whether the value of the stretch was read before it, at least twice."""
    before = np.abs(values[: max(0, first)] - values[last]) <= still
    return int(np.count_nonzero(before)) >= _RESTS


def _finding(grid: Grid, n: int, first: int, last: int, history: int, least: float) -> Finding:
    series = grid.series[n]
    past: Floats = grid.doubles(slice(n, n + 1))[0, :history]
    middle, scale = float(np.nanmedian(past)), float(np.nanstd(past))
    value = float(grid.values[n, last])
    length = last - first
    return Finding(
        detector=NAME,
        resource_id=series.resource_id,
        metric=series.metric,
        start=grid.time(first),
        end=ended(grid, last),
        peak=grid.time(last),
        severity=severity(length / least, 2.0),
        score=round(length / least, 3),
        threshold=1.0,
        samples=int(np.count_nonzero(~np.isnan(past))),
        moved=[
            Moved(
                metric=series.metric,
                device=series.device,
                value=value,
                expected=middle,
                scale=scale,
                z=(value - middle) / scale,
            )
        ],
        residual="noise",
    )
