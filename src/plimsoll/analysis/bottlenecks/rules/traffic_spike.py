"""Much more traffic than at this hour of other days, and slower answers with it."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.expressions.terms import Usual
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Times
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class TrafficSpikeLimits(Limits):
    """The limits of `traffic_spike`."""

    times: Times = Field(default=1.7, description="so many times the usual traffic at this hour")
    slower: Times = Field(default=1.5, description="answers take so many times as long")
    least_hours: Hours = Field(default=0.25, description="for at least so long in the window")


_SOME = 1e-6
"""Of nothing there is no multiple: a service that usually has no traffic has no spike."""


def find(window: ResourceWindow, limits: TrafficSpikeLimits) -> Bottleneck | None:
    """Against the same hours of the days before."""
    now, usual = window.row("throughput_per_s"), window.usual("throughput_per_s")
    response, before = window.row("response_time_ms"), window.usual("response_time_ms")
    if now is None or usual is None or response is None or before is None:
        return None
    busier = at_least("throughput_per_s", Usual("throughput_per_s", limits.times))
    some = at_least(Usual("throughput_per_s"), _SOME) & at_least(Usual("response_time_ms"), _SOME)
    condition = some & busier & at_least("response_time_ms", Usual("response_time_ms", limits.slower))
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("throughput_per_s", condition)
    times = float(np.nanmedian(now[mask] / usual[mask]))
    return Bottleneck(
        description=f"{times:.1f} times the usual traffic for {window.hours(mask):.1f} h; answers took "
        f"{float(np.nanmedian(response[mask] / before[mask])):.1f} times as long",
        impact="users waited while the service worked as it should",
        weight=86 + 8 * share(mask, now),
        metric="throughput_per_s",
        observed=measure.value(window),
        threshold=float(limits.times * np.nanmean(usual[mask])),
        share=share(mask, now),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="traffic_spike",
    component="demand",
    summary="Much more traffic than at this hour of other days, and slower answers with it",
    reads=("throughput_per_s", "response_time_ms"),
    needs_all=True,
    find=find,
    limits=TrafficSpikeLimits(),
    use=Place("service", "saturation"),
    min_weight=86.0,
    remediation="Add replicas for such times, or send work to where there is room.",
    explains=frozenset(
        {"queueing", "errors", "slow_answers", "cpu_saturated", "gpu_power_capped", "batching_ineffective"}
    ),
    history=lambda _: History(48.0, "past"),
)
