"""Answers that take much longer than at this hour of other days, for no reason that another rule knows."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.expressions.terms import Usual
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Times
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class SlowAnswersLimits(Limits):
    """The limits of `slow_answers`."""

    times: Times = Field(default=2.0, description="so many times the usual time at this hour")
    least_hours: Hours = Field(default=0.25, description="for at least so long in the window")


def find(window: ResourceWindow, limits: SlowAnswersLimits) -> Bottleneck | None:
    """Twice the median of the same hours of the days before."""
    response, usual = window.row("response_time_ms"), window.usual("response_time_ms")
    if response is None or usual is None:
        return None
    condition = at_least("response_time_ms", Usual("response_time_ms", limits.times))
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("response_time_ms", condition)
    mean, before = measure.value(window), float(np.nanmean(usual[mask]))
    return Bottleneck(
        description=f"answers took {mean:,.0f} ms for {window.hours(mask):.1f} h, usually {before:,.0f} ms",
        impact="users waited",
        weight=55 + 15 * share(mask, response),
        metric="response_time_ms",
        observed=mean,
        threshold=limits.times * before,
        share=share(mask, response),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="slow_answers",
    component="service",
    summary="Answers that take much longer than at this hour of other days, for no reason that another rule knows",
    reads=("response_time_ms",),
    find=find,
    limits=SlowAnswersLimits(),
    use=Place("service", "saturation"),
    min_weight=55.0,
    remediation="Compare the beginning with deployments and with what was unusual then.",
    history=lambda _: History(48.0, "past"),
)
