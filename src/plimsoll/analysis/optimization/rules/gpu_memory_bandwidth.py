"""GPUs whose memory is the limit, not their multiprocessors."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, above, below, share
from plimsoll.analysis.optimization.contract import Found, Rule

DRAM_PCT, ACTIVE_PCT = 50.0, 50.0
LEAST_HOURS = 2.0


def find(case: Case) -> Found | None:
    """Memory moving data half of the time or more, multiprocessors below half."""
    moving, active = case.window("gpu_dram_active_pct"), case.window("gpu_sm_active_pct")
    if moving is None or active is None:
        return None
    mask = above(moving, DRAM_PCT) & below(active, ACTIVE_PCT)
    if case.hours(mask) < LEAST_HOURS:
        return None
    mean = float(np.nanmean(moving[mask]))
    return Found(
        rule=RULE.name,
        component="gpu memory",
        description=f"memory moved data {mean:.0f} % of the time for {case.hours(mask):.1f} h, the cores under half",
        impact="more cores would not make it faster; fewer bytes would",
        weight=35 + 15 * share(mask, moving),
        metric="gpu_dram_active_pct",
        observed=mean,
        threshold=DRAM_PCT,
        share=share(mask, moving),
        samples=int(mask.sum()),
    )


RULE = Rule("gpu_memory_bandwidth", "gpu memory", ("gpu_dram_active_pct", "gpu_sm_active_pct"), find)
