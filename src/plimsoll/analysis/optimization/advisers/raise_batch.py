"""Larger batches where memory and multiprocessors have room."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.reading import mean_of, quantile_of

MEMORY_PCT, ACTIVE_PCT = 85.0, 80.0


def advise(case: Case, found: Found) -> Advice | None:
    """Until memory or multiprocessors are as full as they should be: an upper bound, for the work may not follow."""
    memory, active = quantile_of("gpu_memory_utilization_pct", 0.995), mean_of("gpu_sm_active_pct")
    factor = min(MEMORY_PCT / max(1.0, memory.value(case)), ACTIVE_PCT / max(1.0, active.value(case)))
    if factor <= 1:
        return None
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="low",
        title=f"Raise the batch of {case.resource.name}, up to {factor:.1f} times",
        description=f"{found.description}. Larger batches use what lies idle; the learning rate may have to follow, "
        f"and memory has to be watched. If nothing is done: {found.impact}.",
        improvement=f"up to {100 * (factor - 1):.0f} % more steps' worth of work",
        estimate=Estimate(
            low=0.0,
            middle=50 * (factor - 1),
            high=100 * (factor - 1),
            unit="% more work",
            formula="min(85 % / memory, 80 % / multiprocessors) - 1 as upper bound; nothing is the lower one",
        ),
        cost="costs nothing",
        changes={"pytorch": f"DataLoader(batch_size=round({factor:.1f} * batch_size))"},
        inputs={"memory, 99.5th percentile": memory, "multiprocessors at work": active},
    )


ADVISER = Adviser("raise_batch", frozenset({"batch_too_small"}), advise)
