"""GPUs whose memory is the limit, not their multiprocessors."""

from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least, at_most
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class GpuMemoryBandwidthLimits(Limits):
    """The limits of `gpu_memory_bandwidth`."""

    dram_pct: Percent = Field(default=50.0, description="memory moves data at least this share of the time")
    active_pct: Percent = Field(default=50.0, description="multiprocessors at most this active")
    least_hours: Hours = Field(default=2.0, description="for at least so long in the window")


def find(window: ResourceWindow, limits: GpuMemoryBandwidthLimits) -> Bottleneck | None:
    """Memory moving data half of the time or more, multiprocessors below half."""
    moving, active = window.row("gpu_dram_active_pct"), window.row("gpu_sm_active_pct")
    if moving is None or active is None:
        return None
    condition = at_least("gpu_dram_active_pct", limits.dram_pct) & at_most("gpu_sm_active_pct", limits.active_pct)
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("gpu_dram_active_pct", condition)
    mean = measure.value(window)
    return Bottleneck(
        description=f"memory moved data {mean:.0f} % of the time for {window.hours(mask):.1f} h, the cores under half",
        impact="more cores would not make it faster; fewer bytes would",
        weight=35 + 15 * share(mask, moving),
        metric="gpu_dram_active_pct",
        observed=mean,
        threshold=limits.dram_pct,
        share=share(mask, moving),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="gpu_memory_bandwidth",
    component="gpu memory",
    summary="GPUs whose memory is the limit, not their multiprocessors",
    reads=("gpu_dram_active_pct", "gpu_sm_active_pct"),
    needs_all=True,
    find=find,
    limits=GpuMemoryBandwidthLimits(),
    use=Place("gpu", "saturation"),
    min_weight=35.0,
    remediation="Use narrower number formats and fused kernels, so that fewer bytes are moved.",
    history=lambda limits: History(limits.least_hours, "window"),
)
