"""Processors without room."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="cpu_utilization_pct",
    above=90.0,
    least_hours=0.25,
    weight=62.0,
    component="cpu",
    description="processors were over {limit:.3g} % for {hours:.1f} h ({mean:.0f} % on average)",
    impact="work waits for a processor",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("cpu_saturated", "cpu", ("cpu_utilization_pct",), find)
