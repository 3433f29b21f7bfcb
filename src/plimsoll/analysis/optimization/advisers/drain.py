"""Take faulty hardware out: errors, stragglers."""

from plimsoll.analysis.optimization import commands
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found


def advise(case: Case, found: Found) -> Advice | None:
    """A straggler holds all of its equals back by what it is behind; for errors no gain is invented."""
    count = case.resource.gpu_count or 1.0
    improvement, estimate = None, None
    if found.rule == "gpu_straggler" and found.observed > 0:
        middle = found.threshold / 0.95
        high = 100 * (middle / found.observed - 1)
        improvement = f"up to {high:.0f} % more work from all {count:g} GPUs where they work in step"
        estimate = Estimate(
            low=0.0, middle=high / 2, high=high, unit="% more work", formula="median of the equals / slowest - 1"
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
