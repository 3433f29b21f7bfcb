"""Processors that are taken away by a quota or a neighbour."""

import math

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.commands import limits
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """The limit is a setting: what the container was stopped for is what it lacks."""
    held, count = min(found.observed, 90.0), case.resource.cpu_count
    cores = math.ceil(count / (1 - held / 100)) if count else None
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Give {case.resource.name} the processors that it asks for",
        description=f"{found.description}. Raise the CPU quota, or move it to a host with room. "
        f"If nothing is done: {found.impact}.",
        changes=limits(case.resource, cores=cores) if found.rule == "cpu_throttled" else {},
    )


ADVISER = Adviser("give_processors", frozenset({"cpu_throttled", "cpu_stolen"}), advise)
