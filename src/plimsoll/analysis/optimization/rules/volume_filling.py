"""A volume that fills up, and when it is full."""

import numpy as np

from plimsoll.analysis.optimization.case import FEWEST, Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.hourly import LastHour
from plimsoll.analysis.robust import Floats

SOON_DAYS = 14.0
LEAST_HOURS = 24.0
FULL_PCT = 100.0
LOOK_HOURS = 72.0


def find(case: Case) -> Found | None:
    """The slope of the lowest readings of each hour over the last three days: clean-ups are seen, bursts are not."""
    row = case.whole("storage_utilization_pct")
    if row is None or case.window("storage_utilization_pct") is None:
        return None
    per_hour = max(1, round(case.rows_per_hour))
    hours = row[len(row) % per_hour :].reshape(-1, per_hour)[-round(LOOK_HOURS) :]
    seen = LastHour("storage_utilization_pct", "min", LOOK_HOURS)
    lowest = np.array([np.nanmin(hour) for hour in hours if np.isfinite(hour).any()])
    if len(lowest) < max(FEWEST, LEAST_HOURS):
        return None
    slope, rest = _line(lowest)
    if slope <= 0 or slope * len(lowest) < 3 * rest:
        return None
    days = (FULL_PCT - lowest[-1]) / slope / 24
    if days > SOON_DAYS or lowest[-1] < np.median(lowest):
        return None
    return Found(
        rule=RULE.name,
        component="storage",
        description=f"the volume fills by {24 * slope:.1f} points a day and is {lowest[-1]:.0f} % full",
        impact=f"full in {days:.1f} days at this pace; writes fail then",
        weight=75 + 20 * (1 - days / SOON_DAYS),
        metric="storage_utilization_pct",
        observed=seen.value(case),
        threshold=FULL_PCT,
        share=1.0,
        samples=int(np.count_nonzero(~np.isnan(hours))),
        seen=seen,
        pace_per_day=24 * slope,
    )


def _line(lowest: Floats) -> tuple[float, float]:
    """Theil-Sen slope an hour, and the median distance from its line."""
    i, j = np.triu_indices(len(lowest), 1)
    slope = float(np.median((lowest[j] - lowest[i]) / (j - i)))
    rest = lowest - slope * np.arange(len(lowest))
    return slope, float(np.median(np.abs(rest - np.median(rest))))


RULE = Rule(
    "volume_filling",
    "storage",
    ("storage_utilization_pct",),
    find,
    explains=frozenset({"volume_full"}),
    history_h=LEAST_HOURS,
)
