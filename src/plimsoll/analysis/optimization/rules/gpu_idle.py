"""GPUs that are held and do nothing: no work for two hours or longer."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, below, last_run
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.reading import mean_of

IDLE_PCT = 2.0
LEAST_HOURS = 2.0


def find(case: Case) -> Found | None:
    """The stretch without work at the end of the window."""
    busy = case.whole("gpu_utilization_pct")
    if busy is None or case.window("gpu_utilization_pct") is None:
        return None
    rows = last_run(below(busy, IDLE_PCT), busy)
    hours = rows * case.step_s / 3600
    if hours < LEAST_HOURS:
        return None
    count = case.resource.gpu_count or 1.0
    seen = mean_of("gpu_utilization_pct", rows=rows)
    return Found(
        rule=RULE.name,
        component="gpu",
        description=f"{count:g} GPUs did no work for {hours:.0f} h (utilisation at most {IDLE_PCT:g} %)",
        impact=f"{count * hours:,.0f} GPU-hours held without use",
        weight=min(95.0, 60 + 5 * np.log2(hours / LEAST_HOURS)),
        metric="gpu_utilization_pct",
        observed=seen.value(case),
        threshold=IDLE_PCT,
        share=min(1.0, rows / case.window_rows),
        samples=rows,
        seen=seen,
    )


RULE = Rule(
    "gpu_idle",
    "gpu",
    ("gpu_utilization_pct",),
    find,
    explains=frozenset({"gpu_under_used", "over_provisioned", "batch_too_small", "idle_host", "quiet_hours"}),
)
