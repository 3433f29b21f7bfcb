"""Requests that are sent again and again: retries make the load that they suffer from."""

from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.expressions.terms import GridSlice, Metric, Quotient
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class RetryAmplificationLimits(Limits):
    """The limits of `retry_amplification`."""

    retries_pct: Percent = Field(default=10.0, description="at least this share of the requests are repetitions")
    least_hours: Hours = Field(default=0.5, description="for at least so long in the window")


def find(window: ResourceWindow, limits: RetryAmplificationLimits) -> Bottleneck | None:
    """A tenth of all requests or more are repetitions."""
    again, requests = window.row("retries_per_s"), window.row("throughput_per_s")
    if again is None or requests is None:
        return None
    repeated = Quotient(Metric("retries_per_s"), Metric("throughput_per_s"), 100.0)
    condition = at_least(repeated, limits.retries_pct)
    mask, part = condition.mask(window), repeated.over(GridSlice(window, slice(-window.window_rows, None)))
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("retries_per_s", condition)
    mean = float(part[mask].mean())
    return Bottleneck(
        description=f"{mean:.0f} % of the requests were repetitions for {window.hours(mask):.1f} h",
        impact="the service answers the same question several times, most of all when it is slow",
        weight=60 + 20 * share(mask, part),
        metric="retries_per_s",
        observed=measure.value(window),
        threshold=limits.retries_pct / 100 * float(requests[mask].mean()),
        share=share(mask, part),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="retry_amplification",
    component="requests",
    summary="Requests that are sent again and again: retries make the load that they suffer from",
    reads=("retries_per_s", "throughput_per_s"),
    needs_all=True,
    find=find,
    limits=RetryAmplificationLimits(),
    use=Place("service", "errors"),
    min_weight=60.0,
    remediation="Retry later, with chance in the delay, and stop when a tenth of all requests are repetitions.",
    history=lambda limits: History(limits.least_hours, "window"),
)
