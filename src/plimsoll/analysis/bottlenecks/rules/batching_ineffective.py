"""Requests that wait in front of a server that could work on more of them at once."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least, at_most
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class BatchingIneffectiveLimits(Limits):
    """The limits of `batching_ineffective`."""

    depth: Amount = Field(default=5.0, description="so many requests wait")
    busy_pct: Percent = Field(default=60.0, description="GPUs at most this busy")
    cache_pct: Percent = Field(default=60.0, description="attention cache at most this full")
    least_hours: Hours = Field(default=0.5, description="for at least so long in the window")


def find(window: ResourceWindow, limits: BatchingIneffectiveLimits) -> Bottleneck | None:
    """Five or more in the queue while GPUs and attention cache have room."""
    depth, busy = window.row("queue_depth_count"), window.row("gpu_utilization_pct")
    cache = window.row("kv_cache_utilization_pct")
    if depth is None or busy is None or cache is None:
        return None
    room = at_most("gpu_utilization_pct", limits.busy_pct) & at_most("kv_cache_utilization_pct", limits.cache_pct)
    condition = at_least("queue_depth_count", limits.depth) & room
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("queue_depth_count", condition)
    mean = measure.value(window)
    return Bottleneck(
        description=f"{mean:.0f} requests waited for {window.hours(mask):.1f} h while the GPUs were "
        f"{float(np.nanmean(busy[mask])):.0f} % busy and the cache {float(np.nanmean(cache[mask])):.0f} % full",
        impact="answers are late though the server has room for more at once",
        weight=82 + 8 * share(mask, depth),
        metric="queue_depth_count",
        observed=mean,
        threshold=limits.depth,
        share=share(mask, depth),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="batching_ineffective",
    component="batching",
    summary="Requests that wait in front of a server that could work on more of them at once",
    reads=("queue_depth_count", "gpu_utilization_pct", "kv_cache_utilization_pct"),
    needs_all=True,
    find=find,
    limits=BatchingIneffectiveLimits(),
    use=Place("service", "saturation"),
    min_weight=82.0,
    remediation="Let the server take on more requests at once: raise its number of sequences or its batch delay.",
    explains=frozenset({"queueing", "slow_answers", "gpu_under_used"}),
    history=lambda limits: History(limits.least_hours, "window"),
)
