"""Memory that grows or is used up: restart before it ends by itself, and find what keeps it."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """A planned restart costs seconds, one by the kernel costs the requests under way."""
    leak = found.rule == "memory_leak"
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"{'Restart' if leak else 'Give memory to'} {case.resource.name} before it runs out",
        description=f"{found.description}. If nothing is done: {found.impact}.",
        cost="nothing" if leak else None,
        change=f"kubectl rollout restart deployment/{case.resource.resource_id}" if leak else None,
    )


ADVISER = Adviser("fix_leak", frozenset({"memory_leak", "memory_pressure", "swapping"}), advise)
