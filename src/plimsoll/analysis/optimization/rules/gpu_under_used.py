"""GPUs that are mostly idle, though not always: a mean of 15 % or less."""

import numpy as np

from plimsoll.analysis.optimization.case import FEWEST, Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.hysteresis import stays
from plimsoll.analysis.optimization.reading import mean_of

UNDER_USED_PCT = 15.0
LEAST_HOURS = 12.0


def find(case: Case) -> Found | None:
    """The mean of the window, twelve hours of it at least."""
    return stays(case, _look)


def _look(case: Case, easier: float) -> Found | None:
    busy = case.window("gpu_utilization_pct")
    if busy is None:
        return None
    limit = UNDER_USED_PCT * (1 + easier)
    known = busy[~np.isnan(busy)]
    seen = mean_of("gpu_utilization_pct")
    mean, hours = seen.value(case), len(known) * case.step_s / 3600
    if len(known) < FEWEST or hours < LEAST_HOURS or mean > limit:
        return None
    count = case.resource.gpu_count or 1.0
    return Found(
        rule=RULE.name,
        component="gpu",
        description=f"{count:g} GPUs worked {mean:.0f} % of the time over {hours:.0f} h",
        impact=f"{count * hours * (1 - mean / 50):,.0f} GPU-hours beyond what half-used GPUs would need",
        weight=30 + 2 * max(0.0, UNDER_USED_PCT - mean),
        metric="gpu_utilization_pct",
        observed=mean,
        threshold=limit,
        share=1.0,
        samples=len(known),
        seen=seen,
    )


RULE = Rule(
    "gpu_under_used",
    "gpu",
    ("gpu_utilization_pct",),
    find,
    explains=frozenset({"batch_too_small", "over_provisioned"}),
    history_h=LEAST_HOURS,
)
