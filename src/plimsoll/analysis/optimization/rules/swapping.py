"""A host that moves memory out to disk."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="swap_used_bytes",
    above=1000000000.0,
    least_hours=1.0,
    weight=45.0,
    component="memory",
    description="memory was swapped out to disk for {hours:.1f} h",
    impact="what was moved out is a thousand times slower",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("swapping", "memory", ("swap_used_bytes",), find)
