"""A service with more replicas than its busiest hours need."""

import numpy as np

from plimsoll.analysis.optimization.case import FEWEST, Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.hysteresis import stays
from plimsoll.analysis.optimization.reading import quantile_of

TARGET_PCT, HALF = 65.0, 0.5
LEAST_DAYS = 7.0


def find(case: Case) -> Found | None:
    """The 95th percentile of utilisation over a week or more stays under half of the target."""
    return stays(case, _look)


def _look(case: Case, easier: float) -> Found | None:
    busy = case.whole("gpu_utilization_pct")
    count = case.resource.replicas_count
    if busy is None or not count or count < 2 or case.window("gpu_utilization_pct") is None:
        return None
    known = busy[~np.isnan(busy)]
    if len(known) < max(FEWEST, LEAST_DAYS * 24 * case.rows_per_hour):
        return None
    seen = quantile_of("gpu_utilization_pct", 0.95, rows="whole")
    high, limit = seen.value(case), HALF * TARGET_PCT * (1 + easier)
    if high >= limit:
        return None
    return Found(
        rule=RULE.name,
        component="replicas",
        description=f"{count:g} replicas were {high:.0f} % used in their busiest hours (95th percentile of "
        f"{len(known) * case.step_s / 86_400:.0f} days)",
        impact="replicas that nobody needs are paid for",
        weight=15 + 15 * (1 - high / limit),
        metric="gpu_utilization_pct",
        observed=high,
        threshold=limit,
        share=1.0,
        samples=len(known),
        seen=seen,
    )


RULE = Rule("over_provisioned", "replicas", ("gpu_utilization_pct",), find, history_h=24 * LEAST_DAYS)
