"""GPUs that a scheduler has given away and on which nothing runs."""

import numpy as np

from plimsoll.analysis.optimization.case import FEWEST, Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.reading import Reading
from plimsoll.analysis.optimization.terms import Metric

IDLE_PCT, LEAST_HOURS = 2.0, 2.0


def find(case: Case) -> Found | None:
    """The GPUs that have been held for hours, more than those that did any work in them."""
    held, count = case.window("gpus_allocated_count"), case.resource.gpu_count
    rows = {d: row[-case.window_rows :] for (d, metric), row in case.devices.items() if metric == "gpu_utilization_pct"}
    recent = max(FEWEST, round(LEAST_HOURS * case.rows_per_hour))
    if held is None or not count or len(rows) < count or not np.isfinite(held[-recent:]).all():
        return None
    last = np.stack([row[-recent:] for row in rows.values()])
    if np.isnan(last).any():
        return None  # a GPU that was not read may be the one that works
    working = int(np.count_nonzero((last > IDLE_PCT).any(axis=1)))
    seen = Reading(of=Metric("gpus_allocated_count"), statistic="min", rows=recent)
    least = seen.value(case)
    dead = least - working
    if dead < 1 or not working:  # where none of them works, that the resource is idle says it all
        return None
    return Found(
        rule=RULE.name,
        component="scheduler",
        description=f"{least:.0f} GPUs were held for {LEAST_HOURS:g} h and only {working} of them did any work",
        impact=f"{dead:.0f} GPUs are out of reach of others and do nothing",
        weight=62 + 30 * min(1.0, dead / count),
        metric="gpus_allocated_count",
        observed=least,
        threshold=float(working),
        share=recent / case.window_rows,
        samples=recent * len(rows),
        seen=seen,
    )


RULE = Rule(
    "dead_allocation", "scheduler", ("gpus_allocated_count", "gpu_utilization_pct"), find,
    explains=frozenset({"gpu_under_used"}),
)  # fmt: skip
