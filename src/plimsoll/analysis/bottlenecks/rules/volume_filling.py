"""A volume that fills up, and when it is full."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.hourly import LastHour
from plimsoll.analysis.bottlenecks.limits import Days, Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
from plimsoll.analysis.climb import Climb, straight
from plimsoll.analysis.forecasts.filling import OVERDUE, bend, teeth
from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, absent
from plimsoll.documents.time_left import words

_FEWEST_CLEAN_UPS = 2
_DAY_H = 24
_METRIC = "storage_utilization_pct"


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
    row = window.whole(_METRIC)
    if row is None or window.row(_METRIC) is None:
        return None
    found = climb(window, limits) if window.climbs is None else window.climbs.get(_METRIC)
    if found is None:
        return None
    measure = _measure(limits)
    left = found.time_left(now=window.last.get(_METRIC))
    hours = left.until_full.hours
    return Bottleneck(
        description=f"the volume fills by {24 * found.pace:.1f} points a day and is {left.now:.0f} % full",
        impact=f"full {f'in {words(hours)}' if hours > 0 else 'now'} at this pace; writes fail then",
        weight=75 + 20 * (1 - min(1.0, hours / 24 / limits.soon_days)),
        metric=_METRIC,
        observed=measure.value(window),
        threshold=limits.full_pct,
        share=1.0,
        samples=int(np.count_nonzero(~np.isnan(row[-round(measure.hours * window.rows_per_hour) :]))),
        measure=measure,
        pace_per_day=24 * found.pace,
        time_left=left,
        hours=found.hours,
    )


def climb(window: ResourceWindow, limits: VolumeFillingLimits) -> Climb | None:
    """The forecast of what fills: the line through the lowest readings of each hour, since the rise began.

    None where it does not rise, not in a line, not soon, or is emptied in time.
    """
    row = window.whole(_METRIC)
    if row is None:
        return None
    levels = _measure(limits).levels(window)
    lowest = levels[~np.isnan(levels)]
    if len(lowest) < max(FEWEST, limits.least_hours) or lowest[-1] < np.median(lowest):
        return None
    rise = lowest[bend(lowest, _DAY_H) :]
    found = straight(
        rise, full_pct=limits.full_pct, lately=len(rise), hours=float(len(rise)), risen=float(rise[-1] - rise[0])
    )
    if found.pace <= 0 or found.pace * len(rise) < 3 * found.noise / MAD_TO_SIGMA:
        return None
    per_hour = max(1, round(window.rows_per_hour))
    if _is_emptied_in_time(row, per_hour, found.pace, limits.full_pct):
        return None
    return found if found.left(limits.full_pct).hours <= _DAY_H * limits.soon_days else None


def _measure(limits: VolumeFillingLimits) -> LastHour:
    return LastHour(_METRIC, "min", max(limits.look_hours, limits.least_hours))


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


RULE = Rule(
    name="volume_filling",
    component="storage",
    summary="A volume that fills up, and when it is full",
    reads=(_METRIC,),
    find=find,
    limits=VolumeFillingLimits(),
    climb=climb,
    use=Place("storage", "utilization"),
    min_weight=75.0,
    remediation="Delete old checkpoints and scratch files, or extend the volume.",
    explains=frozenset({"volume_full"}),
    history=lambda limits: History(limits.least_hours, max(limits.look_hours, limits.least_hours)),
)
