"""GPUs that are mostly idle, though not always: a mean of 15 % or less."""

from functools import partial

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.hysteresis import with_hysteresis
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class GpuUnderUsedLimits(Limits):
    """The limits of `gpu_under_used`."""

    under_used_pct: Percent = Field(default=15.0, description="mean use at most this high")
    least_hours: Hours = Field(default=12.0, description="readings of at least so long")


def find(window: ResourceWindow, limits: GpuUnderUsedLimits) -> Bottleneck | None:
    """The mean of the window, twelve hours of it at least."""
    return with_hysteresis(window, partial(_look, limits=limits))


def _look(window: ResourceWindow, tolerance: float, *, limits: GpuUnderUsedLimits) -> Bottleneck | None:
    busy = window.row("gpu_utilization_pct")
    if busy is None:
        return None
    limit = limits.under_used_pct * (1 + tolerance)
    known = busy[~np.isnan(busy)]
    measure = mean_of("gpu_utilization_pct")
    mean, hours = measure.value(window), len(known) * window.step_s / 3600
    if len(known) < FEWEST or hours < limits.least_hours or mean > limit:
        return None
    count = window.resource.gpu_count or 1.0
    return Bottleneck(
        description=f"{count:g} GPUs worked {mean:.0f} % of the time over {hours:.0f} h",
        impact=f"{count * hours * (1 - mean / 50):,.0f} GPU-hours beyond what half-used GPUs would need",
        weight=30 + 2 * max(0.0, limits.under_used_pct - mean),
        metric="gpu_utilization_pct",
        observed=mean,
        threshold=limit,
        share=1.0,
        samples=len(known),
        measure=measure,
    )


RULE = Rule(
    name="gpu_under_used",
    component="gpu",
    summary="GPUs that are mostly idle, though not always: a mean of 15 % or less",
    reads=("gpu_utilization_pct",),
    find=find,
    limits=GpuUnderUsedLimits(),
    use=Place("gpu", "utilization"),
    min_weight=30.0,
    remediation="Use fewer or smaller GPUs, or share them.",
    explains=frozenset({"batch_too_small", "over_provisioned"}),
    history=lambda limits: History(limits.least_hours, "window"),
)
