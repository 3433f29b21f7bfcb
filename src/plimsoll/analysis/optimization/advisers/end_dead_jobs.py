"""End or shrink the jobs that hold GPUs on which nothing runs."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import freeing


def advise(case: Case, found: Found) -> Advice | None:
    """The GPUs that are held beyond those that work; for the low end one more of them is taken to wait for its turn."""
    dead = found.observed - found.threshold
    cost = freeing(case, dead / (case.resource.gpu_count or dead))
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"End or shrink the jobs on {case.resource.name} that hold {dead:.0f} GPUs without work",
        description=f"{found.description}. Ask their owners; a limit on idle time ends such jobs by itself. "
        f"If nothing is done: {found.impact}.",
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


ADVISER = Adviser("end_dead_jobs", frozenset({"dead_allocation"}), advise)
