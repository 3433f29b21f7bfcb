"""GPUs that wait for data: the input pipeline is slower than they are."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import Condition, at_least, at_most, either
from plimsoll.analysis.bottlenecks.expressions.measures import Reading, mean_of
from plimsoll.analysis.bottlenecks.expressions.terms import GridSlice
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent, Share
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class InputStarvationLimits(Limits):
    """The limits of `input_starvation`."""

    waiting_pct: Percent = Field(default=30.0, description="steps wait this share of their time for data")
    gpu_below_pct: Percent = Field(default=50.0, description="without that reading: GPUs at most this busy")
    cpu_busy_pct: Percent = Field(default=90.0, description="while processors are this busy")
    io_wait_pct: Percent = Field(default=20.0, description="or wait for disks this share of the time")
    disk_busy_pct: Percent = Field(default=90.0, description="or disks are this busy")
    least_hours: Hours = Field(default=0.5, description="for at least so long in the window")
    least_excess: Share = Field(
        default=0.10, description="more often together than by chance, by this share of the window"
    )
    as_ever: Share = Field(default=0.85, description="not where GPUs are this close to the same hours of other days")


def find(window: ResourceWindow, limits: InputStarvationLimits) -> Bottleneck | None:
    """Measured waiting for input; without that reading, GPUs low while the host's CPU or disks are full."""
    waiting = window.row("input_wait_pct")
    if waiting is not None:
        condition = at_least("input_wait_pct", limits.waiting_pct)
        mask = condition.mask(window)
        if window.hours(mask) < limits.least_hours:
            return None
        measure = mean_of("input_wait_pct", condition)
        return _found(window, share(mask, waiting), measure, "input_wait_pct", limits.waiting_pct, int(mask.sum()))
    return _joint(window, limits)


def _joint(window: ResourceWindow, limits: InputStarvationLimits) -> Bottleneck | None:
    """More often together than by chance: the share of both less the product of the shares."""
    busy = window.row("gpu_utilization_pct")
    if busy is None:
        return None
    low_use, any_of = at_most("gpu_utilization_pct", limits.gpu_below_pct), list[Condition]()
    fullest = {
        "cpu_utilization_pct": limits.cpu_busy_pct,
        "cpu_iowait_pct": limits.io_wait_pct,
        "disk_busy_pct": limits.disk_busy_pct,
    }
    for metric, limit in fullest.items():
        if window.row(metric) is not None:
            any_of.append(at_least(metric, limit))
    if not any_of:
        return None
    any_full = either(any_of)
    ever = any_full.over(GridSlice(window, slice(None)))
    low, full = low_use.mask(window), ever[-window.window_rows :]
    both = share(low & full, busy)
    excess = both - share(low, busy) * share(full, busy)
    if (
        window.hours(low & full) < limits.least_hours
        or excess < limits.least_excess
        or _as_ever(window, low & full, ever, limits.as_ever)
    ):
        return None
    measure = mean_of("gpu_utilization_pct", low_use & any_full)
    return _found(window, both, measure, "gpu_utilization_pct", limits.gpu_below_pct, int((low & full).sum()))


def _as_ever(window: ResourceWindow, mask: NDArray[np.bool_], full: NDArray[np.bool_], as_ever: float) -> bool:
    """Whether the GPUs were as busy at these hours of other days while nothing was full: then it is their rhythm."""
    whole = np.where(full, np.nan, window.readings["gpu_utilization_pct"])
    usual = replace(window, readings={"gpu_utilization_pct": whole}).usual("gpu_utilization_pct")
    busy = window.row("gpu_utilization_pct")
    if usual is None or busy is None or not np.isfinite(usual[mask]).any():
        return False
    known = mask & ~np.isnan(usual)
    return float(np.mean(busy[known])) > as_ever * float(np.mean(usual[known]))


def _found(
    window: ResourceWindow, part: float, measure: Reading, metric: str, threshold: float, samples: int
) -> Bottleneck:
    hours, observed = samples * window.step_s / 3600, measure.value(window)
    waited = f"steps waited {observed:.0f} % of their time for data" if metric == "input_wait_pct" else "GPUs were low"
    return Bottleneck(
        description=f"{waited} for {hours:.1f} h, {100 * part:.0f} % of the window",
        impact="GPUs stand still while data is read and prepared",
        weight=70 + 25 * min(1.0, hours / 8),
        metric=metric,
        observed=observed,
        threshold=threshold,
        share=part,
        samples=samples,
        measure=measure,
    )


RULE = Rule(
    name="input_starvation",
    component="input pipeline",
    summary="GPUs that wait for data: the input pipeline is slower than they are",
    reads=("input_wait_pct", "gpu_utilization_pct", "cpu_utilization_pct", "cpu_iowait_pct", "disk_busy_pct"),
    find=find,
    limits=InputStarvationLimits(),
    use=Place("gpu", "saturation"),
    min_weight=70.0,
    remediation="Add loader workers and processors for each GPU, or bring the data nearer.",
    explains=frozenset({"gpu_under_used", "cpu_saturated", "disk_saturated", "batch_too_small", "gpu_ineffective"}),
    history=lambda limits: History(limits.least_hours, "window"),
)
