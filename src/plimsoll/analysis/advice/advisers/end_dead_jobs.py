"""End or shrink the jobs that hold GPUs on which nothing runs."""

from plimsoll.analysis.advice.cost import freeing
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The GPUs that are allocated beyond those that work; for the low end one more of them may wait for its turn."""
    dead = bottleneck.observed - bottleneck.threshold
    cost = freeing(window, dead / (window.resource.gpu_count or dead))
    return Advice(
        priority="high",
        title=f"End or shrink the jobs on {window.resource.name} that hold {dead:.0f} GPUs without work",
        description=f"{bottleneck.description}. Ask their owners; a limit on idle time ends such jobs by itself. "
        f"If nothing is done: {bottleneck.impact}.",
        improvement=f"{max(0.0, dead - 1) * 24:.0f} to {dead * 24:.0f} GPU-hours a day",
        estimate=Estimate(
            low=max(0.0, dead - 1) * 24,
            middle=(dead - 0.5) * 24,
            high=dead * 24,
            unit="GPU-hours a day",
            formula="(GPUs held - GPUs that worked) x 24 h; low: one of them had only begun",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=dead,
        changes={"slurm": "squeue --states=running --format='%i %u %b %M %N'   # then: scancel JOB"},
    )


ADVISER = Adviser(
    name="end_dead_jobs",
    answers=frozenset({"dead_allocation"}),
    advise=advise,
    platform=PlatformText("End jobs that hold GPUs without work", "hold GPUs on which nothing runs"),
    wants=Preconditions(acts_on=frozenset({"node"})),
)
