"""A service whose nights need much less than its days."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.hourly import ClockHours, by_hour
from plimsoll.analysis.bottlenecks.limits import Days, Limits, Percent, Share
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
from plimsoll.analysis.robust import Floats


class QuietHoursLimits(Limits):
    """The limits of `quiet_hours`."""

    least_days: Days = Field(default=7.0, description="readings of at least so long")
    target_pct: Percent = Field(default=65.0, description="use that the replicas are meant for")
    least_hours: Annotated[float, Field(ge=1, le=23)] = Field(
        default=6.0, description="so many hours in a row, each day"
    )
    part: Share = Field(default=0.4, description="at most this share of the target is used in them")
    high: Share = Field(default=0.98, description="quantile over the days that counts as the use of an hour")


def find(window: ResourceWindow, limits: QuietHoursLimits) -> Bottleneck | None:
    """Six hours in a row, each day of a week or more, with at most two fifths of the use that the replicas are for."""
    units, used = window.resource.replicas_count, used_by_hour(window, limits)
    if not units or units < 2 or used is None:
        return None
    start, hours = longest(used <= limits.part * limits.target_pct)
    if hours < limits.least_hours or hours == 24:
        return None
    measure = ClockHours("gpu_utilization_pct", limits.high, tuple((start + n) % 24 for n in range(hours)))
    most = measure.value(window)
    return Bottleneck(
        description=f"{units:g} replicas were at most {most:.0f} % used in {hours} quiet hours of each day",
        impact="replicas that are not needed in those hours are paid for",
        weight=14.0,
        metric="gpu_utilization_pct",
        observed=most,
        threshold=limits.part * limits.target_pct,
        share=hours / 24,
        samples=round(limits.least_days) * hours * round(window.rows_per_hour),
        measure=measure,
    )


def used_by_hour(window: ResourceWindow, limits: QuietHoursLimits) -> Floats | None:
    """Use of each of the last 24 hours of the clock, in percent: the 98th percentile over a week of days or more.

    Row 0 is the hour that begins 24 hours before the window's end. None without a week of readings.
    """
    busy = window.whole("gpu_utilization_pct")
    if busy is None or window.row("gpu_utilization_pct") is None:
        return None
    if np.count_nonzero(~np.isnan(busy)) < limits.least_days * 24 * window.rows_per_hour:
        return None
    used = by_hour(window, "gpu_utilization_pct", limits.high)
    return None if np.isnan(used).any() else used


def longest(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """(first hour, hours) of the longest run on the clock, which goes round.

    >>> longest(np.array([True, True] + [False] * 20 + [True, True]))
    (22, 4)
    """
    best = (0, 0)
    for start in range(24):
        hours = next((n for n in range(24) if not mask[(start + n) % 24]), 24)
        best = max(best, (start, hours), key=lambda one: one[1])
    return best


RULE = Rule(
    name="quiet_hours",
    component="replicas",
    summary="A service whose nights need much less than its days",
    reads=("gpu_utilization_pct",),
    find=find,
    limits=QuietHoursLimits(),
    use=Place("gpu", "utilization"),
    min_weight=14.0,
    remediation="Run fewer replicas in the quiet hours.",
    history=lambda limits: History(24 * limits.least_days, "grid"),
)
