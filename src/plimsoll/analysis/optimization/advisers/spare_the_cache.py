"""Requests put back or started cold."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """Settings of the server."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Let {case.resource.name} keep what it has computed",
        description=f"{found.description}. Lower the number of sequences worked on together, keep a replica warm. "
        f"If nothing is done: {found.impact}.",
    )


ADVISER = Adviser("spare_the_cache", frozenset({"preemptions", "cold_starts"}), advise)
