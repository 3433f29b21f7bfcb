"""Links that are full, slow or faulty."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """Look at the path first."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Look at the network of {case.resource.name}",
        description=f"{found.description}. Check cables, duplex and routes; move traffic that can wait to other hours. "
        f"If nothing is done: {found.impact}.",
    )


ADVISER = Adviser("relieve_the_network", frozenset({"link_saturated", "network_errors", "network_latency"}), advise)
