"""A service with more replicas than its busiest hours need."""

from functools import partial

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.hysteresis import with_hysteresis
from plimsoll.analysis.bottlenecks.limits import Days, Limits, Percent, Share
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class OverProvisionedLimits(Limits):
    """The limits of `over_provisioned`."""

    target_pct: Percent = Field(default=65.0, description="use that the replicas are meant for in busy hours")
    half: Share = Field(default=0.5, description="busy hours stay under this share of the target")
    least_days: Days = Field(default=7.0, description="readings of at least so long")


def find(window: ResourceWindow, limits: OverProvisionedLimits) -> Bottleneck | None:
    """The 95th percentile of utilization over a week or more stays under half of the target."""
    return with_hysteresis(window, partial(_look, limits=limits))


def _look(window: ResourceWindow, tolerance: float, *, limits: OverProvisionedLimits) -> Bottleneck | None:
    busy = window.whole("gpu_utilization_pct")
    count = window.resource.replicas_count
    if busy is None or not count or count < 2 or window.row("gpu_utilization_pct") is None:
        return None
    known = busy[~np.isnan(busy)]
    if len(known) < max(FEWEST, limits.least_days * 24 * window.rows_per_hour):
        return None
    measure = quantile_of("gpu_utilization_pct", 0.95, rows="whole")
    high, limit = measure.value(window), limits.half * limits.target_pct * (1 + tolerance)
    if high >= limit:
        return None
    return Bottleneck(
        description=f"{count:g} replicas were {high:.0f} % used in their busiest hours (95th percentile of "
        f"{len(known) * window.step_s / 86_400:.0f} days)",
        impact="replicas that are not needed are paid for",
        weight=15 + 15 * (1 - high / limit),
        metric="gpu_utilization_pct",
        observed=high,
        threshold=limit,
        share=1.0,
        samples=len(known),
        measure=measure,
    )


RULE = Rule(
    name="over_provisioned",
    component="replicas",
    summary="A service with more replicas than its busiest hours need",
    reads=("gpu_utilization_pct",),
    find=find,
    limits=OverProvisionedLimits(),
    use=Place("gpu", "utilization"),
    min_weight=15.0,
    remediation="Run fewer replicas.",
    history=lambda limits: History(24 * limits.least_days, "grid"),
)
