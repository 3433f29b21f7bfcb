"""Training with room for larger batches: memory and multiprocessors below half while it runs."""

from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least, at_most
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Hours, Limits, Percent
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule

READS = ("gpu_utilization_pct", "gpu_memory_utilization_pct", "gpu_sm_active_pct")


class BatchTooSmallLimits(Limits):
    """The limits of `batch_too_small`."""

    working_pct: Percent = Field(default=30.0, description="GPUs count as working from this use on")
    memory_pct: Percent = Field(default=50.0, description="GPU memory at most this full")
    active_pct: Percent = Field(default=50.0, description="multiprocessors at most this active")
    least_hours: Hours = Field(default=6.0, description="for at least so long in the window")


def find(window: ResourceWindow, limits: BatchTooSmallLimits) -> Bottleneck | None:
    """Working, with half of the memory and half of the multiprocessors unused."""
    rows = [window.row(m) for m in READS]
    if window.resource.type != "training" or any(row is None for row in rows):
        return None
    _, memory, _ = (row for row in rows if row is not None)
    working, roomy = (
        at_least("gpu_utilization_pct", limits.working_pct),
        at_most("gpu_memory_utilization_pct", limits.memory_pct),
    )
    condition = working & roomy & at_most("gpu_sm_active_pct", limits.active_pct)
    mask = condition.mask(window)
    if window.hours(mask) < limits.least_hours:
        return None
    measure = mean_of("gpu_memory_utilization_pct", condition)
    mean = measure.value(window)
    return Bottleneck(
        description=f"{mean:.0f} % of GPU memory was used for {window.hours(mask):.0f} h, and under half of the cores",
        impact="each step computes less than it could",
        weight=20 + 15 * share(mask, memory),
        metric="gpu_memory_utilization_pct",
        observed=mean,
        threshold=limits.memory_pct,
        share=share(mask, memory),
        samples=int(mask.sum()),
        measure=measure,
    )


RULE = Rule(
    name="batch_too_small",
    component="batch",
    summary="Training with room for larger batches: memory and multiprocessors below half while it runs",
    reads=READS,
    find=find,
    limits=BatchTooSmallLimits(),
    use=Place("gpu", "utilization"),
    min_weight=20.0,
    remediation="Raise the batch size until memory or multiprocessors are full; adapt the learning rate.",
    history=lambda limits: History(limits.least_hours, "window"),
)
