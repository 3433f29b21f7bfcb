"""GPUs that look busy while few of their multiprocessors work: small kernels, waiting for one another, a hang."""

from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least, at_most
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class GpuIneffectiveLimits(Limits):
    """The limits of `gpu_ineffective`."""

    busy_pct: Percent = Field(default=80.0, description="GPUs look busy from this use on")
    active_pct: Percent = Field(default=25.0, description="multiprocessors at most this active")
    least_hours: Hours = Field(default=2.0, description="for at least so long in the window")


def find(window: ResourceWindow, limits: GpuIneffectiveLimits) -> Bottleneck | None:
    """Busy by the driver's count, idle by the multiprocessors'."""
    busy, active = window.row("gpu_utilization_pct"), window.row("gpu_sm_active_pct")
    if busy is None or active is None:
        return None
    condition = at_least("gpu_utilization_pct", limits.busy_pct) & at_most("gpu_sm_active_pct", limits.active_pct)
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("gpu_sm_active_pct", condition)
    mean = measure.value(window)
    return Bottleneck(
        description=f"GPUs were busy for {window.hours(mask):.1f} h with {mean:.0f} % of their multiprocessors at work",
        impact="most of what is paid for does not compute",
        weight=40 + 20 * share(mask, active),
        metric="gpu_sm_active_pct",
        observed=mean,
        threshold=limits.active_pct,
        share=share(mask, active),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="gpu_ineffective",
    component="gpu",
    summary="GPUs that look busy while few of their multiprocessors work: small kernels, waiting for one "
    "another, a hang",
    reads=("gpu_utilization_pct", "gpu_sm_active_pct"),
    needs_all=True,
    find=find,
    limits=GpuIneffectiveLimits(),
    use=Place("gpu", "utilization"),
    min_weight=40.0,
    remediation="Fuse small kernels, raise the batch, look for what the GPUs wait for.",
    history=lambda limits: History(limits.least_hours, "window"),
)
