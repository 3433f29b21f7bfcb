"""Requests or jobs that wait: more comes in than can be worked on."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.expressions.terms import Metric, Quotient
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits, Share
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class QueueingLimits(Limits):
    """The limits of `queueing`."""

    wait_share: Share = Field(default=0.5, description="share of the time to answer that is spent waiting")
    depth: Amount = Field(default=5.0, description="without those readings: so many wait while GPUs are 90 % busy")
    least_hours: Hours = Field(default=1.0, description="for at least so long in the window")


def find(window: ResourceWindow, limits: QueueingLimits) -> Bottleneck | None:
    """Waiting takes half of the answer's time or more; without that reading, five in the queue and full GPUs."""
    waited, response = window.row("queue_time_ms"), window.row("response_time_ms")
    depth, busy = window.row("queue_depth_count"), window.row("gpu_utilization_pct")
    if waited is not None and response is not None:
        condition = at_least(Quotient(Metric("queue_time_ms"), Metric("response_time_ms")), limits.wait_share)
        row, metric, limit = waited, "queue_time_ms", float(limits.wait_share * np.nanmedian(response))
    elif depth is not None and busy is not None:
        condition = at_least("queue_depth_count", limits.depth) & at_least("gpu_utilization_pct", 90.0)
        row, metric, limit = depth, "queue_depth_count", limits.depth
    else:
        return None
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of(metric, condition)
    mean = measure.value(window)
    said = f"requests waited {mean:,.0f} ms" if metric == "queue_time_ms" else f"{mean:.0f} jobs waited"
    return Bottleneck(
        description=f"{said} before their turn for {window.hours(mask):.1f} h",
        impact="answers are late though the work itself is not slower",
        weight=80 + 12 * share(mask, row),
        metric=metric,
        observed=mean,
        threshold=limit,
        share=share(mask, row),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="queueing",
    component="queue",
    summary="Requests or jobs that wait: more comes in than can be worked on",
    reads=("queue_time_ms", "response_time_ms", "queue_depth_count", "gpu_utilization_pct"),
    find=find,
    limits=QueueingLimits(),
    use=Place("service", "saturation"),
    min_weight=80.0,
    remediation="Add replicas, send work to where there is room, or move what can wait to other hours.",
    explains=frozenset({"cpu_saturated", "gpu_power_capped", "kv_cache_full", "slow_answers"}),
    history=lambda limits: History(limits.least_hours, "window"),
)
