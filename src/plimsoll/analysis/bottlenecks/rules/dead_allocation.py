"""GPUs that a scheduler has given away and on which nothing runs."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.measures import Reading
from plimsoll.analysis.bottlenecks.expressions.terms import Metric
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class DeadAllocationLimits(Limits):
    """The limits of `dead_allocation`."""

    idle_pct: Percent = Field(default=2.0, description="a GPU works above this use")
    least_hours: Hours = Field(default=2.0, description="allocated for at least so long")


def find(window: ResourceWindow, limits: DeadAllocationLimits) -> Bottleneck | None:
    """The GPUs that have been allocated for hours, more than those that did any work in them."""
    allocated, count = window.whole("gpus_allocated_count"), window.resource.gpu_count
    rows = {device: row for (device, metric), row in window.devices.items() if metric == "gpu_utilization_pct"}
    recent = max(FEWEST, round(limits.least_hours * window.rows_per_hour))
    if allocated is None or not count or len(rows) < count or window.rows < recent:
        return None
    if not np.isfinite(allocated[-recent:]).all():
        return None
    last = np.stack([row[-recent:] for row in rows.values()])
    if np.isnan(last).any():
        return None  # a GPU that was not read may be the one that works
    working = int(np.count_nonzero((last > limits.idle_pct).any(axis=1)))
    measure = Reading(of=Metric("gpus_allocated_count"), statistic="min", rows=recent)
    least = measure.value(window)
    dead = least - working
    if dead < 1 or not working:  # where none of them works, that the resource is idle says it all
        return None
    return Bottleneck(
        description=f"{least:.0f} GPUs were held for {limits.least_hours:g} h and only {working} of them did any work",
        impact=f"{dead:.0f} GPUs are out of reach of others and do nothing",
        weight=62 + 30 * min(1.0, dead / count),
        metric="gpus_allocated_count",
        observed=least,
        threshold=float(working),
        share=min(1.0, recent / window.window_rows),
        samples=recent * len(rows),
        measure=measure,
    )


RULE = Rule(
    name="dead_allocation",
    component="scheduler",
    summary="GPUs that a scheduler has given away and on which nothing runs",
    reads=("gpus_allocated_count", "gpu_utilization_pct"),
    compares_devices=("gpu_utilization_pct",),
    find=find,
    limits=DeadAllocationLimits(),
    use=Place("gpu", "utilization"),
    min_weight=62.0,
    remediation="Ask the owners of these jobs, end or shrink the jobs; set a limit on idle time.",
    explains=frozenset({"gpu_under_used"}),
    history=lambda limits: History(limits.least_hours, "grid"),
)
