"""Jobs that ask for much more time than they run: the scheduler plans with what never comes."""

from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_most
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Amount, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, Place, Rule


class PaddedLimitLimits(Limits):
    """The limits of `padded_limit`."""

    used_pct: Percent = Field(default=60.0, description="jobs use less than this share of the time that they asked for")
    least_steps: Amount = Field(default=10.0, description="in at least so many steps a job ended")


def find(window: ResourceWindow, limits: PaddedLimitLimits) -> Bottleneck | None:
    """The mean use of the limit over the window, with ten steps or more in which a job ended (Jobstats: under 60 %)."""
    used = window.row("job_limit_used_pct")
    measure = mean_of("job_limit_used_pct")
    if used is None or len(measure.known(window)) < limits.least_steps or measure.value(window) >= limits.used_pct:
        return None
    mean = measure.value(window)
    return Bottleneck(
        description=f"jobs ran for {mean:.0f} % of the time that they had asked for",
        impact="the scheduler keeps room free that is never used, and small gaps stay empty",
        weight=8 + 10 * (1 - mean / limits.used_pct),
        metric="job_limit_used_pct",
        observed=mean,
        threshold=limits.used_pct,
        share=share(at_most("job_limit_used_pct", limits.used_pct).mask(window), used),
        samples=len(measure.known(window)),
        measure=measure,
    )


RULE = Rule(
    name="padded_limit",
    component="scheduler",
    summary="Jobs that ask for much more time than they run: the scheduler plans with what never comes",
    reads=("job_limit_used_pct",),
    find=find,
    limits=PaddedLimitLimits(),
    use=Place("service", "utilization"),
    min_weight=8.0,
    remediation="Ask for the time that jobs need, with a fifth to spare.",
)
