"""GPUs that look busy while few of their multiprocessors work: small kernels, waiting for one another, a hang."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, above, below, share
from plimsoll.analysis.optimization.contract import Found, Rule

BUSY_PCT, ACTIVE_PCT = 80.0, 25.0
LEAST_HOURS = 2.0


def find(case: Case) -> Found | None:
    """Busy by the driver's count, idle by the multiprocessors'."""
    busy, active = case.window("gpu_utilization_pct"), case.window("gpu_sm_active_pct")
    if busy is None or active is None:
        return None
    mask = above(busy, BUSY_PCT) & below(active, ACTIVE_PCT)
    if case.hours(mask) < LEAST_HOURS:
        return None
    mean = float(np.nanmean(active[mask]))
    return Found(
        rule=RULE.name,
        component="gpu",
        description=f"GPUs were busy for {case.hours(mask):.1f} h with {mean:.0f} % of their multiprocessors at work",
        impact="most of what is paid for does not compute",
        weight=40 + 20 * share(mask, active),
        metric="gpu_sm_active_pct",
        observed=mean,
        threshold=ACTIVE_PCT,
        share=share(mask, active),
        samples=int(mask.sum()),
    )


RULE = Rule("gpu_ineffective", "gpu", ("gpu_utilization_pct", "gpu_sm_active_pct"), find)
