"""Processors that are taken away by a quota or a neighbour."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """The limit is a setting."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Give {case.resource.name} the processors that it asks for",
        description=f"{found.description}. Raise the CPU quota, or move it to a host with room. "
        f"If nothing is done: {found.impact}.",
    )


ADVISER = Adviser("give_processors", frozenset({"cpu_throttled", "cpu_stolen"}), advise)
