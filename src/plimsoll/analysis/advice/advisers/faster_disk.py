"""Disks that hold everything back: spread, cache, or move to a faster tier."""

from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, MetricOutcome
from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

_NAMES = ("usual, 5th percentile", "usual, median", "usual, 95th percentile")


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """Back to what was usual: the range is that of the quartiles of the days before."""
    past = window.past("disk_latency_ms")
    usual = [quantile_of("disk_latency_ms", q, rows="past") for q in (0.05, 0.5, 0.95)]
    improvement, estimate = None, None
    if bottleneck.rule == "slow_disk" and past is not None:
        high, middle, low = (100 * (1 - one.value(window) / bottleneck.observed) for one in usual)
        improvement = f"operations {max(low, 0):.0f} to {high:.0f} % shorter"
        estimate = Estimate(
            low=max(low, 0.0), middle=middle, high=high, unit="% less time", formula="1 - usual latency / latency now"
        )
    return Advice(
        priority="high" if bottleneck.rule == "slow_disk" else "medium",
        title=f"Relieve the disks of {window.resource.name}",
        description=f"{bottleneck.description}. Look for a failing disk or a rebuild, then spread the load or "
        f"cache it. "
        f"If nothing is done: {bottleneck.impact}.",
        improvement=improvement,
        estimate=estimate,
        inputs=dict(zip(_NAMES, usual, strict=True)) if estimate else {},
    )


ADVISER = Adviser(
    name="faster_disk",
    answers=frozenset({"slow_disk", "disk_saturated"}),
    advise=advise,
    outcome=MetricOutcome("disk_latency_ms", -1),
)
