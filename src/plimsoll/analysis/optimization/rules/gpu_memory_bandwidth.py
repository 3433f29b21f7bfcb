"""GPUs whose memory is the limit, not their multiprocessors."""

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least, at_most
from plimsoll.analysis.optimization.reading import mean_of

DRAM_PCT, ACTIVE_PCT = 50.0, 50.0
LEAST_HOURS = 2.0


def find(case: Case) -> Found | None:
    """Memory moving data half of the time or more, multiprocessors below half."""
    moving, active = case.window("gpu_dram_active_pct"), case.window("gpu_sm_active_pct")
    if moving is None or active is None:
        return None
    held = at_least("gpu_dram_active_pct", DRAM_PCT) & at_most("gpu_sm_active_pct", ACTIVE_PCT)
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("gpu_dram_active_pct", held)
    mean = seen.value(case)
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
        seen=seen,
    )


RULE = Rule("gpu_memory_bandwidth", "gpu memory", ("gpu_dram_active_pct", "gpu_sm_active_pct"), find)
