"""A resource that is not heard of."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """Before any advice on it."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"Bring the readings of {case.resource.name} back",
        description=f"{found.description}. Check the exporter, its network and its credentials: plimsoll doctor. "
        f"If nothing is done: {found.impact}.",
    )


ADVISER = Adviser("restore_readings", frozenset({"blind"}), advise)
