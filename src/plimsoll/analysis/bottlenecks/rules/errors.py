"""Requests that fail more often than they used to."""

from functools import partial

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.hysteresis import with_hysteresis
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent, Times
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class ErrorsLimits(Limits):
    """The limits of `errors`."""

    least_pct: Percent = Field(default=1.0, description="at least this share of requests fails")
    times: Times = Field(default=3.0, description="so many times the usual share")
    least_hours: Hours = Field(default=0.25, description="for at least so long in the window")


def find(window: ResourceWindow, limits: ErrorsLimits) -> Bottleneck | None:
    """One request in a hundred or more, and three times the usual share."""
    return with_hysteresis(window, partial(_look, limits=limits))


def _look(window: ResourceWindow, tolerance: float, *, limits: ErrorsLimits) -> Bottleneck | None:
    failed, past = window.row("error_rate_pct"), window.past("error_rate_pct")
    if failed is None:
        return None
    usual = float(np.nanmedian(past)) if past is not None else 0.0
    limit = max(limits.least_pct, limits.times * usual) * (1 - tolerance)
    condition = at_least("error_rate_pct", limit)
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("error_rate_pct", condition)
    mean = measure.value(window)
    return Bottleneck(
        description=f"{mean:.1f} % of requests failed for {window.hours(mask):.1f} h, usually {usual:.1f} %",
        impact="users got no answer",
        weight=68 + 20 * min(1.0, mean / 20),
        metric="error_rate_pct",
        observed=mean,
        threshold=limit,
        share=share(mask, failed),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="errors",
    component="service",
    summary="Requests that fail more often than they used to",
    reads=("error_rate_pct",),
    find=find,
    limits=ErrorsLimits(),
    use=Place("service", "errors"),
    min_weight=68.0,
    remediation="Compare the beginning with deployments and read the logs of that time.",
    history=lambda limits: History(limits.least_hours, "window"),
)
