"""Memory that is nearly used up."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="memory_utilization_pct",
    above=92.0,
    least_hours=0.25,
    weight=78.0,
    component="memory",
    description="memory was over {limit:.3g} % for {hours:.1f} h ({mean:.0f} % on average)",
    impact="the next allocation may fail, or the kernel ends a process",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("memory_pressure", "memory", ("memory_utilization_pct",), find)
