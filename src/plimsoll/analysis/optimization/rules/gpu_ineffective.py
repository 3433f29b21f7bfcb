"""GPUs that look busy while few of their multiprocessors work: small kernels, waiting for one another, a hang."""

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least, at_most
from plimsoll.analysis.optimization.reading import mean_of

BUSY_PCT, ACTIVE_PCT = 80.0, 25.0
LEAST_HOURS = 2.0


def find(case: Case) -> Found | None:
    """Busy by the driver's count, idle by the multiprocessors'."""
    busy, active = case.window("gpu_utilization_pct"), case.window("gpu_sm_active_pct")
    if busy is None or active is None:
        return None
    held = at_least("gpu_utilization_pct", BUSY_PCT) & at_most("gpu_sm_active_pct", ACTIVE_PCT)
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("gpu_sm_active_pct", held)
    mean = seen.value(case)
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
        seen=seen,
    )


RULE = Rule("gpu_ineffective", "gpu", ("gpu_utilization_pct", "gpu_sm_active_pct"), find)
