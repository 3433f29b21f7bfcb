"""GPUs that wait for copies over PCIe."""

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least, at_most
from plimsoll.analysis.bottlenecks.expressions.measures import Reading
from plimsoll.analysis.bottlenecks.expressions.terms import GridSlice, Largest, Metric
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class HostDeviceTransferLimits(Limits):
    """The limits of `host_device_transfer`."""

    busy_pct: Percent = Field(default=70.0, description="GPUs at most this busy")
    gigabytes_per_s: Amount = Field(default=10.0, description="copied each second and GPU, one way")
    least_hours: Hours = Field(default=1.0, description="for at least so long in the window")


METRICS = ("gpu_pcie_receive_bytes_per_s", "gpu_pcie_transmit_bytes_per_s")


def find(window: ResourceWindow, limits: HostDeviceTransferLimits) -> Bottleneck | None:
    """Ten gigabytes a second and GPU or more, one way, while the GPUs are not busy."""
    busy, moved = window.row("gpu_utilization_pct"), [m for m in METRICS if window.row(m) is not None]
    if busy is None or not moved:
        return None
    of_each = Largest(tuple(Metric(metric) for metric in moved), window.resource.gpu_count or 1.0)
    condition = at_least(of_each, limits.gigabytes_per_s * 1e9) & at_most("gpu_utilization_pct", limits.busy_pct)
    mask, each = condition.mask(window), of_each.over(GridSlice(window, slice(-window.window_rows, None)))
    if window.hours(mask) < limits.least_hours:
        return None
    measure = Reading(of=of_each, where=condition)
    mean = measure.value(window)
    return Bottleneck(
        description=f"{mean / 1e9:.0f} GB/s went over PCIe to or from each GPU for {window.hours(mask):.1f} h "
        f"while the "
        f"GPUs were {float(np.nanmean(busy[mask])):.0f} % busy",
        impact="GPUs wait for copies between host and device",
        weight=50 + 20 * share(mask, each),
        metric=METRICS[0],
        observed=mean,
        threshold=limits.gigabytes_per_s * 1e9,
        share=share(mask, each),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="host_device_transfer",
    component="pcie",
    summary="GPUs that wait for copies over PCIe",
    reads=(*METRICS, "gpu_utilization_pct"),
    find=find,
    limits=HostDeviceTransferLimits(),
    use=Place("gpu", "saturation"),
    min_weight=50.0,
    remediation="Use pinned memory, copy while computing, keep on the device what is used again.",
    explains=frozenset({"gpu_under_used"}),
    history=lambda limits: History(limits.least_hours, "window"),
)
