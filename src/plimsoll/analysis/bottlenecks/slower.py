"""What takes several times as long as it used to: the question that the rules on latency share."""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import Measure, mean_of
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits, Times
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck


class SlowerLimits(Limits):
    """From where on a latency counts as slower than usual."""

    times: Times = Field(default=3.0, description="so many times the usual latency")
    least_ms: Amount = Field(default=2.0, description="at least this slow")
    least_hours: Hours = Field(default=0.5, description="for at least so long in the window")


@dataclass(frozen=True, slots=True)
class Slower:
    """The hours in which a latency was over its limit, and what it usually is."""

    metric: str
    usual_ms: float
    mean_ms: float
    limit_ms: float
    hours: float
    share: float
    samples: int
    measure: Measure

    def bottleneck(self, *, description: str, impact: str, weight: float) -> Bottleneck:
        """The finding of a rule that says in its own words what is slow."""
        return Bottleneck(
            description=description,
            impact=impact,
            weight=weight,
            metric=self.metric,
            observed=self.mean_ms,
            threshold=self.limit_ms,
            share=self.share,
            samples=self.samples,
            measure=self.measure,
        )


def slower_than_usual(window: ResourceWindow, metric: str, *, limits: SlowerLimits, tolerance: float) -> Slower | None:
    """Compares a latency in milliseconds with its median of the days before; None: unknown, or not slower.

    `tolerance` is the share by which a limit is lowered for what was slow in the window before too.
    """
    latency, past = window.row(metric), window.past(metric)
    if latency is None or past is None:
        return None
    usual_ms = float(np.nanmedian(past))
    limit_ms = max(limits.times * usual_ms, limits.least_ms) * (1 - tolerance)
    condition = at_least(metric, limit_ms)
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of(metric, condition)
    return Slower(
        metric=metric,
        usual_ms=usual_ms,
        mean_ms=measure.value(window),
        limit_ms=limit_ms,
        hours=window.hours(mask),
        share=share(mask, latency),
        samples=int(mask.sum()),
        measure=measure,
    )
