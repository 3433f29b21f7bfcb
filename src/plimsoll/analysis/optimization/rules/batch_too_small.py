"""Training with room for larger batches: memory and multiprocessors below half while it runs."""

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least, at_most
from plimsoll.analysis.optimization.reading import mean_of

WORKING_PCT, MEMORY_PCT, ACTIVE_PCT = 30.0, 50.0, 50.0
LEAST_HOURS = 6.0


def find(case: Case) -> Found | None:
    """Working, with half of the memory and half of the multiprocessors unused."""
    rows = [case.window(m) for m in RULE.reads]
    if case.resource.type != "training" or any(row is None for row in rows):
        return None
    _, memory, _ = (row for row in rows if row is not None)
    working, roomy = at_least("gpu_utilization_pct", WORKING_PCT), at_most("gpu_memory_utilization_pct", MEMORY_PCT)
    held = working & roomy & at_most("gpu_sm_active_pct", ACTIVE_PCT)
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("gpu_memory_utilization_pct", held)
    mean = seen.value(case)
    return Found(
        rule=RULE.name,
        component="batch",
        description=f"{mean:.0f} % of GPU memory was used for {case.hours(mask):.0f} h, and under half of the cores",
        impact="each step computes less than it could",
        weight=20 + 15 * share(mask, memory),
        metric="gpu_memory_utilization_pct",
        observed=mean,
        threshold=MEMORY_PCT,
        share=share(mask, memory),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule(
    "batch_too_small", "batch", ("gpu_utilization_pct", "gpu_memory_utilization_pct", "gpu_sm_active_pct"), find
)
