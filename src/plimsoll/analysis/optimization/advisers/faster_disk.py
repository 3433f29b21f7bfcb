"""Disks that hold everything back: spread, cache, or move to a faster tier."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.reading import quantile_of

_NAMES = ("usual, 5th percentile", "usual, median", "usual, 95th percentile")


def advise(case: Case, found: Found) -> Advice | None:
    """Back to what was usual: the range is that of the quartiles of the days before."""
    past = case.past("disk_latency_ms")
    usual = [quantile_of("disk_latency_ms", q, rows="past") for q in (0.05, 0.5, 0.95)]
    improvement, estimate = None, None
    if found.rule == "slow_disk" and past is not None:
        high, middle, low = (100 * (1 - one.value(case) / found.observed) for one in usual)
        improvement = f"operations {max(low, 0):.0f} to {high:.0f} % shorter"
        estimate = Estimate(
            low=max(low, 0.0), middle=middle, high=high, unit="% less time", formula="1 - usual latency / latency now"
        )
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high" if found.rule == "slow_disk" else "medium",
        title=f"Relieve the disks of {case.resource.name}",
        description=f"{found.description}. Look for a failing disk or a rebuild, then spread the load or cache it. "
        f"If nothing is done: {found.impact}.",
        improvement=improvement,
        estimate=estimate,
        inputs=dict(zip(_NAMES, usual, strict=True)) if estimate else {},
    )


ADVISER = Adviser("faster_disk", frozenset({"slow_disk", "disk_saturated"}), advise)
