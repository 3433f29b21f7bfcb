"""Disks that answer much more slowly than they used to."""

from functools import partial

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.hysteresis import with_hysteresis
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits, Times
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class SlowDiskLimits(Limits):
    """The limits of `slow_disk`."""

    times: Times = Field(default=3.0, description="so many times the usual latency")
    least_ms: Amount = Field(default=2.0, description="at least this slow")
    least_hours: Hours = Field(default=0.5, description="for at least so long in the window")


def find(window: ResourceWindow, limits: SlowDiskLimits) -> Bottleneck | None:
    """Three times the median of the days before."""
    return with_hysteresis(window, partial(_look, limits=limits))


def _look(window: ResourceWindow, tolerance: float, *, limits: SlowDiskLimits) -> Bottleneck | None:
    latency, past = window.row("disk_latency_ms"), window.past("disk_latency_ms")
    if latency is None or past is None:
        return None
    usual = float(np.nanmedian(past))
    limit = max(limits.times * usual, limits.least_ms) * (1 - tolerance)
    condition = at_least("disk_latency_ms", limit)
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("disk_latency_ms", condition)
    mean = measure.value(window)
    return Bottleneck(
        description=f"operations took {mean:.1f} ms for {window.hours(mask):.1f} h, usually {usual:.1f} ms",
        impact=f"whatever reads or writes waits {mean / usual:.0f} times longer"
        if usual
        else "what reads or writes waits",
        weight=82 + 10 * share(mask, latency),
        metric="disk_latency_ms",
        observed=mean,
        threshold=limit,
        share=share(mask, latency),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="slow_disk",
    component="disk",
    summary="Disks that answer much more slowly than they used to",
    reads=("disk_latency_ms",),
    find=find,
    limits=SlowDiskLimits(),
    use=Place("disk", "saturation"),
    min_weight=82.0,
    remediation="Look for a failing disk or a rebuild, then spread the load or cache it.",
    explains=frozenset({"disk_saturated"}),
    history=lambda _: History(24.0, "past"),
)
