"""Failing or slow requests: what changed when they began."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """The cause is in the logs, not in these readings."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"Find out why requests to {case.resource.name} fail or take long",
        description=f"{found.description}. Compare its beginning with deployments, and with what was unusual then. "
        f"If nothing is done: {found.impact}.",
    )


ADVISER = Adviser("find_the_errors", frozenset({"errors", "slow_answers"}), advise)
