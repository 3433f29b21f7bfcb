"""A power limit that costs clock: raise it, or accept it."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """A person decides: heat and the power budget are not measured here."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="low",
        title=f"Decide about the power limit of {case.resource.name}",
        description=f"{found.description}. Raise the limit if cooling and supply allow it, else accept it. "
        f"If nothing is done: {found.impact}.",
    )


ADVISER = Adviser("raise_power_limit", frozenset({"gpu_power_capped"}), advise)
