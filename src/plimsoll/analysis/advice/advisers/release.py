"""Give idle GPUs back: release a machine, scale a service to zero."""

from plimsoll.analysis.advice.commands import drain, scale
from plimsoll.analysis.advice.cost import freeing, of_hours
from plimsoll.analysis.advice.earlier_work import EarlierWork, earlier_work
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText, SizeOutcome
from plimsoll.analysis.advice.preconditions import IDLE_GPU_W, THINGS, Preconditions
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, below, last_stretch
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.bottlenecks.rules.gpu_idle import GpuIdleLimits

METRIC = "gpu_utilization_pct"


def _idle_hours(window: ResourceWindow, idle_pct: float) -> float:
    """From the first reading without work to the last, what was not read between them too."""
    busy = window.readings[METRIC]
    return last_stretch(below(busy, idle_pct), busy) * window.step_s / 3600


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The whole resource where it never worked; of one that did, what is idle now, for the hours that it has been.

    The low end counts only what lies beyond the rule's own limit.
    """
    grace = (
        bottleneck.limits.least_hours if isinstance(bottleneck.limits, GpuIdleLimits) else GpuIdleLimits().least_hours
    )
    hours, count = _idle_hours(window, bottleneck.threshold), window.resource.gpu_count or 1.0
    before = earlier_work(window, {METRIC: bottleneck.threshold})
    service = THINGS.get(window.resource.type) == "deployment"
    cost = freeing(window, 1.0) if before is None else of_hours(window, hours)
    pasted = scale(window.resource, 0) if service else drain(window.resource, "idle")
    return Advice(
        priority="high" if hours >= 24 else "medium",
        title=_title(window.resource.name, service=service, before=before),
        description=f"{bottleneck.description}. {before.words(window) if before else ''} If nothing is done, {count:g} "
        f"GPUs stay paid for, out of reach of others.",
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
        frees=count if before is None else 0.0,
        changes=pasted if before is None else {},
    )


def _title(name: str, *, service: bool, before: EarlierWork | None) -> str:
    if before is not None:
        return f"Let others have the GPUs of {name} while it has no work"
    return f"Scale {name} to zero" if service else f"Release {name}"


ADVISER = Adviser(
    name="release",
    answers=frozenset({"gpu_idle"}),
    advise=advise,
    platform=PlatformText("Release what is idle", "did no work"),
    outcome=SizeOutcome(whole=True),
    reads=("gpu_power_w",),
    wants=Preconditions(
        measured=((METRIC,),),
        acts_on=frozenset({"node", "job", "deployment"}),
        quiet={"gpu_power_w": IDLE_GPU_W},
        breaks="Its next work waits until it is there again.",
    ),
)
