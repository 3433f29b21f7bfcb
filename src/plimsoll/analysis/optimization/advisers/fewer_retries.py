"""Retry less, later, and not all at once."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """What it brings is not promised: it depends on the work."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"Let the clients of {case.resource.name} retry less",
        description=f"{found.description}. "
        "Wait longer after each try, with chance in it, and stop when a tenth of all requests are repetitions. "
        f"If nothing is done: {found.impact}.",
        changes={"envoy": "retry_policy: {num_retries: 1}; retry_budget: {budget_percent: {value: 10}}"},
    )


ADVISER = Adviser("fewer_retries", frozenset({"retry_amplification"}), advise)
