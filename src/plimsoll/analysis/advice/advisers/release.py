"""Give idle GPUs back: release a machine, scale a service to zero."""

from plimsoll.analysis.advice.commands import drain, scale
from plimsoll.analysis.advice.cost import freeing
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText, SizeOutcome
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, below, last_stretch
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.bottlenecks.rules.gpu_idle import GpuIdleLimits

METRIC = "gpu_utilization_pct"
_SERVICES = ("endpoint", "ai-service")


def _idle_hours(window: ResourceWindow, idle_pct: float) -> float:
    """From the first reading without work to the last, what was not read between them too."""
    busy = window.readings[METRIC]
    return last_stretch(below(busy, idle_pct), busy) * window.step_s / 3600


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The whole resource, for as long as it is idle; the low end counts only what lies beyond the rule's own limit."""
    grace = (
        bottleneck.limits.least_hours if isinstance(bottleneck.limits, GpuIdleLimits) else GpuIdleLimits().least_hours
    )
    hours, count = _idle_hours(window, bottleneck.threshold), window.resource.gpu_count or 1.0
    service = window.resource.type in _SERVICES
    cost = freeing(window, 1.0)
    name = window.resource.name
    return Advice(
        priority="high" if hours >= 24 else "medium",
        title=f"{'Scale' if service else 'Release'} {name}{' to zero' if service else ''}",
        description=f"{bottleneck.description}. If nothing is done, {count:g} GPUs stay paid for, out of reach "
        f"of others.",
        improvement=f"{count * max(hours - grace, 0):,.0f} to {count * hours:,.0f} GPU-hours of the last "
        f"{hours:.0f} h would have been free",
        estimate=Estimate(
            low=count * max(hours - grace, 0.0),
            middle=count * max(hours - grace / 2, 0.0),
            high=count * (hours + window.step_s / 3600),  # it began within a step
            unit="GPU-hours",
            formula="GPUs x hours without work, less the grace time",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=count,
        changes=scale(window.resource, 0) if service else drain(window.resource, "idle"),
    )


ADVISER = Adviser(
    name="release",
    answers=frozenset({"gpu_idle"}),
    advise=advise,
    platform=PlatformText("Release what is idle", "did no work"),
    outcome=SizeOutcome(whole=True),
)
