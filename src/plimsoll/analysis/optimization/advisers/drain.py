"""Take faulty hardware out: errors, stragglers."""

import numpy as np

from plimsoll.analysis.optimization import commands
from plimsoll.analysis.optimization.case import FEWEST, Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.robust import absent


def _best_over_slowest(case: Case, found: Found) -> float:
    """The fastest of the equals over the slowest at its lower quartile, in the last hour and where it shows."""
    recent = max(FEWEST, round(case.rows_per_hour))
    rows = [row[-recent:] for (_, metric), row in case.devices.items() if metric == found.metric]
    slowest = case.devices[found.device, found.metric][-recent:]
    return float(np.max(absent(np.nanmedian, np.stack(rows)))) / float(np.nanquantile(slowest, 0.25))


def advise(case: Case, found: Found) -> Advice | None:
    """A straggler holds all of its equals back by what it is behind; for errors no gain is invented."""
    count = case.resource.gpu_count or 1.0
    improvement, estimate = None, None
    if found.rule == "gpu_straggler" and found.observed > 0:
        high = 100 * (_best_over_slowest(case, found) - 1)
        low = high / count
        improvement = f"{low:.0f} % more work, and {high:.0f} % where all {count:g} GPUs work in step"
        estimate = Estimate(
            low=low,
            middle=(low + high) / 2,
            high=high,
            unit="% more work",
            formula="best of the equals / slowest - 1; low: over the GPUs, where they do not wait for one another",
        )
    what = found.device or "the GPU"
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium" if found.rule in ("gpu_rows_to_remap", "link_errors") else "high",
        title=f"Take {what} of {case.resource.name} out of work and have it looked at",
        description=f"{found.description}. If nothing is done: {found.impact}.",
        improvement=improvement,
        estimate=estimate,
        changes=commands.drain(case.resource, found.rule),
    )


ADVISER = Adviser(
    "drain",
    frozenset({"gpu_straggler", "gpu_memory_errors", "gpu_driver_errors", "gpu_rows_to_remap", "link_errors"}),
    advise,
)
