"""A service whose nights need much less than its days."""

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.hourly import ClockHours, by_hour
from plimsoll.analysis.robust import Floats

LEAST_DAYS, TARGET_PCT, LEAST_HOURS, PART = 7.0, 65.0, 6, 0.4
HIGH = 0.98


def find(case: Case) -> Found | None:
    """Six hours in a row, each day of a week or more, with at most two fifths of the use that the replicas are for."""
    units, used = case.resource.replicas_count, used_by_hour(case)
    if not units or units < 2 or used is None:
        return None
    start, hours = longest(used <= PART * TARGET_PCT)
    if hours < LEAST_HOURS or hours == 24:
        return None
    seen = ClockHours("gpu_utilization_pct", HIGH, tuple((start + n) % 24 for n in range(hours)))
    most = seen.value(case)
    return Found(
        rule=RULE.name,
        component="replicas",
        description=f"{units:g} replicas were at most {most:.0f} % used in {hours} quiet hours of each day",
        impact="replicas that nobody needs in those hours are paid for",
        weight=14.0,
        metric="gpu_utilization_pct",
        observed=most,
        threshold=PART * TARGET_PCT,
        share=hours / 24,
        samples=round(LEAST_DAYS) * hours * round(case.rows_per_hour),
        seen=seen,
    )


def used_by_hour(case: Case) -> Floats | None:
    """Use of each of the last 24 hours of the clock, in percent: the 98th percentile over a week of days or more.

    Row 0 is the hour that begins 24 hours before the window's end. None without a week of readings.
    """
    busy = case.whole("gpu_utilization_pct")
    if busy is None or case.window("gpu_utilization_pct") is None:
        return None
    if np.count_nonzero(~np.isnan(busy)) < LEAST_DAYS * 24 * case.rows_per_hour:
        return None
    used = by_hour(case, "gpu_utilization_pct", HIGH)
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


RULE = Rule("quiet_hours", "replicas", ("gpu_utilization_pct",), find, history_h=24 * LEAST_DAYS)
