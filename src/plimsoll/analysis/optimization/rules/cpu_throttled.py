"""A container whose CPU quota is used up."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="cpu_throttled_pct",
    above=10.0,
    least_hours=0.5,
    weight=58.0,
    component="cpu",
    description="the CPU quota stopped the container in {mean:.0f} % of the time for {hours:.1f} h",
    impact="work stands still though processors are free",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("cpu_throttled", "cpu", ("cpu_throttled_pct",), find)
