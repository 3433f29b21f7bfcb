"""Memory that grows or is used up: restart before it ends by itself, and find what keeps it."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.commands import deployment, limits
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found
from plimsoll.analysis.optimization.reading import Reading
from plimsoll.analysis.optimization.terms import Metric

ROOM = 1.2  # what was used at most and a fifth (Jobstats)


def advise(case: Case, found: Found) -> Advice | None:
    """A planned restart costs seconds, one by the kernel costs the requests under way."""
    leak = found.rule == "memory_leak"
    highest, size = Reading(of=Metric("memory_utilization_pct"), statistic="max"), case.resource.memory_bytes
    needed = size * highest.value(case) / 100 * ROOM if size and len(highest.known(case)) else None
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"{'Restart' if leak else 'Give memory to'} {case.resource.name} before it runs out",
        description=f"{found.description}. If nothing is done: {found.impact}.",
        cost="costs nothing" if leak else None,
        changes={"kubernetes": f"kubectl rollout restart {deployment(case.resource)}"}
        if leak
        else limits(case.resource, memory_bytes=needed),
        inputs={"highest use": highest} if needed and not leak else {},
    )


ADVISER = Adviser("fix_leak", frozenset({"memory_leak", "memory_pressure", "swapping"}), advise)
