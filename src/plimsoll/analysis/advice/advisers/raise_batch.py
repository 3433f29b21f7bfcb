"""Larger batches where memory and multiprocessors have room."""

from plimsoll.analysis.advice.model import Advice, Adviser, Estimate
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of, quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

MEMORY_PCT, ACTIVE_PCT = 85.0, 80.0


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """Until memory or multiprocessors are as full as they should be: an upper bound, for the work may not follow."""
    memory, active = quantile_of("gpu_memory_utilization_pct", 0.995), mean_of("gpu_sm_active_pct")
    factor = min(MEMORY_PCT / max(1.0, memory.value(window)), ACTIVE_PCT / max(1.0, active.value(window)))
    if factor <= 1:
        return None
    return Advice(
        priority="low",
        title=f"Raise the batch of {window.resource.name}, up to {factor:.1f} times",
        description=f"{bottleneck.description}. Larger batches use what lies idle; the learning rate may have to "
        f"follow, "
        f"and memory has to be watched. If nothing is done: {bottleneck.impact}.",
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


ADVISER = Adviser(
    name="raise_batch",
    answers=frozenset({"batch_too_small"}),
    advise=advise,
    wants=Preconditions(measured=(("gpu_memory_utilization_pct",), ("gpu_sm_active_pct",))),
)
