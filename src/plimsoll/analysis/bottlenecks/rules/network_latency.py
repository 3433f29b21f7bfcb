"""A network that answers much more slowly than it used to."""

from functools import partial

from plimsoll.analysis.bottlenecks.hysteresis import with_hysteresis
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule
from plimsoll.analysis.bottlenecks.slower import SlowerLimits, slower_than_usual


def find(window: ResourceWindow, limits: SlowerLimits) -> Bottleneck | None:
    """Three times the median of the days before."""
    return with_hysteresis(window, partial(_look, limits=limits))


def _look(window: ResourceWindow, tolerance: float, *, limits: SlowerLimits) -> Bottleneck | None:
    slow = slower_than_usual(window, "network_latency_ms", limits=limits, tolerance=tolerance)
    if slow is None:
        return None
    return slow.bottleneck(
        description=f"a round trip took {slow.mean_ms:.1f} ms for {slow.hours:.1f} h, usually {slow.usual_ms:.1f} ms",
        impact="each request pays it for every round trip",
        weight=58 + 15 * slow.share,
    )


RULE = Rule(
    name="network_latency",
    component="network",
    summary="A network that answers much more slowly than it used to",
    reads=("network_latency_ms",),
    find=find,
    limits=SlowerLimits(),
    use=Place("network", "saturation"),
    min_weight=58.0,
    remediation="Check cables, duplex and routes; look for a link that is full.",
    history=lambda _: History(24.0, "past"),
)
