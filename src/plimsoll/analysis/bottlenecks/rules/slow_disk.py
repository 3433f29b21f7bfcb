"""Disks that answer much more slowly than they used to."""

from functools import partial

from plimsoll.analysis.bottlenecks.hysteresis import with_hysteresis
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
from plimsoll.analysis.bottlenecks.slower import SlowerLimits, slower_than_usual


def find(window: ResourceWindow, limits: SlowerLimits) -> Bottleneck | None:
    """Three times the median of the days before."""
    return with_hysteresis(window, partial(_look, limits=limits))


def _look(window: ResourceWindow, tolerance: float, *, limits: SlowerLimits) -> Bottleneck | None:
    slow = slower_than_usual(window, "disk_latency_ms", limits=limits, tolerance=tolerance)
    if slow is None:
        return None
    longer = f"{slow.mean_ms / slow.usual_ms:.0f} times longer" if slow.usual_ms else "longer"
    return slow.bottleneck(
        description=f"operations took {slow.mean_ms:.1f} ms for {slow.hours:.1f} h, usually {slow.usual_ms:.1f} ms",
        impact=f"reads and writes take {longer}",
        weight=82 + 10 * slow.share,
    )


RULE = Rule(
    name="slow_disk",
    component="disk",
    summary="Disks that answer much more slowly than they used to",
    reads=("disk_latency_ms",),
    find=find,
    limits=SlowerLimits(),
    use=Place("disk", "saturation"),
    min_weight=82.0,
    remediation="Look for a failing disk or a rebuild, then spread the load or cache it.",
    explains=frozenset({"disk_saturated"}),
    history=lambda _: History(24.0, "past"),
)
