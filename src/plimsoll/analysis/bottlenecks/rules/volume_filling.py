"""A volume that fills up, and when it is full."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.hourly import LastHour
from plimsoll.analysis.bottlenecks.limits import Days, Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
from plimsoll.analysis.forecasts.filling import OVERDUE, teeth
from plimsoll.analysis.robust import Floats, absent

_FEWEST_CLEAN_UPS = 2


class VolumeFillingLimits(Limits):
    """The limits of `volume_filling`."""

    soon_days: Days = Field(default=14.0, description="full within so long")
    least_hours: Hours = Field(default=24.0, description="readings of at least so many hours")
    full_pct: Percent = Field(default=100.0, description="full here")
    look_hours: Hours = Field(default=72.0, description="looks back so far")


def find(window: ResourceWindow, limits: VolumeFillingLimits) -> Bottleneck | None:
    """The slope of the lowest readings of each hour over the last three days: clean-ups are seen, bursts are not.

    What is emptied again and again, and in time, does not fill.
    """
    row = window.whole("storage_utilization_pct")
    if row is None or window.row("storage_utilization_pct") is None:
        return None
    look = max(limits.look_hours, limits.least_hours)
    per_hour = max(1, round(window.rows_per_hour))
    hours = row[len(row) % per_hour :].reshape(-1, per_hour)[-round(look) :]
    measure = LastHour("storage_utilization_pct", "min", look)
    lowest = np.array([np.nanmin(hour) for hour in hours if np.isfinite(hour).any()])
    if len(lowest) < max(FEWEST, limits.least_hours):
        return None
    slope, rest = _line(lowest)
    if slope <= 0 or slope * len(lowest) < 3 * rest:
        return None
    if _is_emptied_in_time(row, per_hour, slope, limits.full_pct):
        return None
    days = (limits.full_pct - lowest[-1]) / slope / 24
    if days > limits.soon_days or lowest[-1] < np.median(lowest):
        return None
    return Bottleneck(
        description=f"the volume fills by {24 * slope:.1f} points a day and is {lowest[-1]:.0f} % full",
        impact=f"full in {days:.1f} days at this pace; writes fail then",
        weight=75 + 20 * (1 - days / limits.soon_days),
        metric="storage_utilization_pct",
        observed=measure.value(window),
        threshold=limits.full_pct,
        share=1.0,
        samples=int(np.count_nonzero(~np.isnan(hours))),
        measure=measure,
        pace_per_day=24 * slope,
        hours_left=24 * float(days),
        hours=float(len(lowest)),
    )


def _is_emptied_in_time(row: Floats, per_hour: int, slope: float, full_pct: float) -> bool:
    """Whether it has been emptied twice at least, and the next time is due before it is full at this slope an hour.

    Overdue by half of the time between two clean-ups, none is expected any more.
    """
    hours = row[len(row) % per_hour :].reshape(-1, per_hour)
    lows = absent(np.nanmin, hours, axis=1)
    cleaned = teeth(lows, 24).starts[1:]
    if len(cleaned) < _FEWEST_CLEAN_UPS:
        return False
    apart, since = float(np.median(np.diff(cleaned))), len(lows) - cleaned[-1]
    last = lows[~np.isnan(lows)][-1]
    return bool(since <= OVERDUE * apart and last + slope * max(0.0, apart - since) < full_pct)


def _line(lowest: Floats) -> tuple[float, float]:
    """Theil-Sen slope an hour, and the median distance from its line."""
    i, j = np.triu_indices(len(lowest), 1)
    slope = float(np.median((lowest[j] - lowest[i]) / (j - i)))
    rest = lowest - slope * np.arange(len(lowest))
    return slope, float(np.median(np.abs(rest - np.median(rest))))


RULE = Rule(
    name="volume_filling",
    component="storage",
    summary="A volume that fills up, and when it is full",
    reads=("storage_utilization_pct",),
    find=find,
    limits=VolumeFillingLimits(),
    use=Place("storage", "utilization"),
    min_weight=75.0,
    remediation="Delete old checkpoints and scratch files, or extend the volume.",
    explains=frozenset({"volume_full"}),
    history=lambda limits: History(limits.least_hours, max(limits.look_hours, limits.least_hours)),
)
