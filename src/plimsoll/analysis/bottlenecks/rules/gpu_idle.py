"""GPUs that are allocated and do nothing: no work for two hours or longer."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, below, last_run
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class GpuIdleLimits(Limits):
    """The limits of `gpu_idle`."""

    idle_pct: Percent = Field(default=2.0, description="a GPU is idle up to this use")
    least_hours: Hours = Field(default=2.0, description="without a break for at least so long")


def find(window: ResourceWindow, limits: GpuIdleLimits) -> Bottleneck | None:
    """The stretch without work at the end of the window."""
    busy = window.whole("gpu_utilization_pct")
    if busy is None or window.row("gpu_utilization_pct") is None:
        return None
    rows = last_run(below(busy, limits.idle_pct), busy)
    hours = rows * window.step_s / 3600
    if hours < limits.least_hours:
        return None
    count = window.resource.gpu_count or 1.0
    measure = mean_of("gpu_utilization_pct", rows=rows)
    return Bottleneck(
        description=f"{count:g} GPUs did no work for {hours:.0f} h (utilization at most {limits.idle_pct:g} %)",
        impact=f"{count * hours:,.0f} GPU-hours held without use",
        weight=min(95.0, 60 + 5 * np.log2(hours / limits.least_hours)),
        metric="gpu_utilization_pct",
        observed=measure.value(window),
        threshold=limits.idle_pct,
        share=min(1.0, rows / window.window_rows),
        samples=rows,
        measure=measure,
        hours=hours,
    )


RULE = Rule(
    name="gpu_idle",
    component="gpu",
    summary="GPUs that are allocated and do nothing: no work for two hours or longer",
    reads=("gpu_utilization_pct",),
    find=find,
    limits=GpuIdleLimits(),
    use=Place("gpu", "utilization"),
    min_weight=60.0,
    remediation="Release the machine, or scale the service to zero, until there is work.",
    explains=frozenset({"gpu_under_used", "over_provisioned", "batch_too_small", "idle_host", "quiet_hours"}),
    history=lambda limits: History(limits.least_hours, "grid"),
)
