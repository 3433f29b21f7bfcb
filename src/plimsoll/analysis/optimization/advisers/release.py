"""Give idle GPUs back: release a machine, scale a service to zero."""

from plimsoll.analysis.optimization.case import Case, below, last_stretch
from plimsoll.analysis.optimization.commands import drain, scale
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import freeing

METRIC = "gpu_utilization_pct"
_HELD_BY_A_SERVICE = ("endpoint", "ai-service")


def _idle_hours(case: Case, idle_pct: float) -> float:
    """From the first reading without work to the last, what was not read between them too."""
    busy = case.readings[METRIC]
    return last_stretch(below(busy, idle_pct), busy) * case.step_s / 3600


def advise(case: Case, found: Found) -> Advice | None:
    """The whole resource, for as long as it is idle; the low end counts only what lies beyond two hours of grace."""
    hours, count = _idle_hours(case, found.threshold), case.resource.gpu_count or 1.0
    service = case.resource.type in _HELD_BY_A_SERVICE
    cost = freeing(case, 1.0)
    name = case.resource.name
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high" if hours >= 24 else "medium",
        title=f"{'Scale' if service else 'Release'} {name}{' to zero' if service else ''}",
        description=f"{found.description}. If nothing is done, {count:g} GPUs stay paid for, out of reach of others.",
        improvement=f"{count * max(hours - 2, 0):,.0f} to {count * hours:,.0f} GPU-hours of the last "
        f"{hours:.0f} h would have been free",
        estimate=Estimate(
            low=count * max(hours - 2.0, 0.0),
            middle=count * max(hours - 1.0, 0.0),
            high=count * (hours + case.step_s / 3600),  # it began within a step
            unit="GPU-hours",
            formula="GPUs x hours without work, less the grace time",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=count,
        changes=scale(case.resource, 0) if service else drain(case.resource, "idle"),
    )


ADVISER = Adviser("release", frozenset({"gpu_idle"}), advise)
