"""One GPU that does less than its equals: synchronous work goes at its pace."""

from typing import Annotated

import numpy as np
from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.measures import Reading
from plimsoll.analysis.bottlenecks.expressions.terms import Metric
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits, Percent, Share
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
from plimsoll.analysis.robust import Floats, absent


class GpuStragglerLimits(Limits):
    """The limits of `gpu_straggler`."""

    behind: Share = Field(default=0.05, description="share by which it is behind the median of the others")
    least_hours: Hours = Field(default=1.0, description="compared over the last so many hours")
    fewest_devices: Annotated[float, Field(ge=3, le=1000)] = Field(
        default=3.0, description="compared among at least so many GPUs"
    )
    idle_pct: Percent = Field(default=2.0, description="GPUs up to this use are not compared")
    scales: Amount = Field(default=4.0, description="behind by so many times the usual spread among the GPUs")


METRICS = ("gpu_sm_clock_mhz", "gpu_utilization_pct", "gpu_sm_active_pct")


def find(window: ResourceWindow, limits: GpuStragglerLimits) -> Bottleneck | None:
    """The device furthest behind the median of all that work, in the metric in which it shows first."""
    idle = _idle(window, limits)
    for metric in METRICS:
        rows = {
            device: row[-window.window_rows :]
            for (device, of), row in window.devices.items()
            if of == metric and device not in idle
        }
        if len(rows) >= limits.fewest_devices and (found := _of_metric(window, metric, rows, limits)):
            return found
    return None


def _idle(window: ResourceWindow, limits: GpuStragglerLimits) -> set[str]:
    """Devices that have no work: they delay no other; whether a job holds them is another rule's question."""
    recent = max(FEWEST, round(limits.least_hours * window.rows_per_hour))
    busy = {device: row[-recent:] for (device, of), row in window.devices.items() if of == "gpu_utilization_pct"}
    return {
        device for device, row in busy.items() if np.isfinite(row).any() and float(np.nanmax(row)) <= limits.idle_pct
    }


def _at_the_same_moments(values: Floats) -> Floats:
    """Each device over the median of all, step by step: a missing reading must not look like one that is low."""
    middle = absent(np.nanmedian, values, axis=0)
    level = np.divide(values, middle, out=np.full_like(values, np.nan), where=np.nan_to_num(middle) > 0)
    return absent(np.nanmedian, level, axis=1)


def _of_metric(
    window: ResourceWindow, metric: str, rows: dict[str, Floats], limits: GpuStragglerLimits
) -> Bottleneck | None:
    names = sorted(rows)
    values = np.stack([rows[name] for name in names])
    known = np.count_nonzero(~np.isnan(values), axis=1)
    if known.min() < max(FEWEST, limits.least_hours * window.rows_per_hour):
        return None
    recent = max(FEWEST, round(limits.least_hours * window.rows_per_hour))
    levels = absent(np.nanmedian, values[:, -recent:])
    if not np.isfinite(levels).all():
        return None
    middle = float(np.median(levels))
    spread = 1.4826 * float(np.median(np.abs(levels - middle)))
    slowest = int(np.argmin(levels))
    behind = 1 - float(levels[slowest]) / middle if middle > 0 else 0.0
    if behind < limits.behind or middle - levels[slowest] < limits.scales * spread:
        return None
    if _at_the_same_moments(values[:, -recent:])[slowest] > 1 - limits.behind:
        return None
    measure = Reading(of=Metric(metric), statistic="median", rows=recent, device=names[slowest])
    return Bottleneck(
        description=f"{names[slowest]} is {100 * behind:.0f} % behind the median of its {len(names)} equals",
        impact=f"work that all of them share goes at its pace: up to {100 * behind:.0f} % of {len(names)} GPUs",
        weight=66 + 20 * min(1.0, behind / 0.3),
        metric=metric,
        observed=measure.value(window),
        threshold=(1 - limits.behind) * middle,
        share=1.0,
        samples=int(known[slowest]),
        measure=measure,
        device=names[slowest],
        hours=limits.least_hours,
    )


RULE = Rule(
    name="gpu_straggler",
    component="gpu",
    summary="One GPU that does less than its equals: synchronous work goes at its pace",
    reads=METRICS,
    compares_devices=METRICS,
    find=find,
    limits=GpuStragglerLimits(),
    use=Place("gpu", "saturation"),
    min_weight=66.0,
    remediation="Take this GPU out of work, compare its clock and temperature with the others, have it looked at.",
    explains=frozenset({"gpu_under_used"}),
    history=lambda limits: History(limits.least_hours, "window"),
)
