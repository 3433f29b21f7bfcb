"""A network that answers much more slowly than it used to."""

from functools import partial

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.hysteresis import with_hysteresis
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits, Times
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class NetworkLatencyLimits(Limits):
    """The limits of `network_latency`."""

    times: Times = Field(default=3.0, description="so many times the usual latency")
    least_ms: Amount = Field(default=2.0, description="at least this slow")
    least_hours: Hours = Field(default=0.5, description="for at least so long in the window")


def find(window: ResourceWindow, limits: NetworkLatencyLimits) -> Bottleneck | None:
    """Three times the median of the days before."""
    return with_hysteresis(window, partial(_look, limits=limits))


def _look(window: ResourceWindow, tolerance: float, *, limits: NetworkLatencyLimits) -> Bottleneck | None:
    latency, past = window.row("network_latency_ms"), window.past("network_latency_ms")
    if latency is None or past is None:
        return None
    usual = float(np.nanmedian(past))
    limit = max(limits.times * usual, limits.least_ms) * (1 - tolerance)
    condition = at_least("network_latency_ms", limit)
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("network_latency_ms", condition)
    mean = measure.value(window)
    return Bottleneck(
        description=f"a round trip took {mean:.1f} ms for {window.hours(mask):.1f} h, usually {usual:.1f} ms",
        impact="each request pays it for every round trip",
        weight=58 + 15 * share(mask, latency),
        metric="network_latency_ms",
        observed=mean,
        threshold=limit,
        share=share(mask, latency),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="network_latency",
    component="network",
    summary="A network that answers much more slowly than it used to",
    reads=("network_latency_ms",),
    find=find,
    limits=NetworkLatencyLimits(),
    use=Place("network", "saturation"),
    min_weight=58.0,
    remediation="Check cables, duplex and routes; look for a link that is full.",
    history=lambda _: History(24.0, "past"),
)
