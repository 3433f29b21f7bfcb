"""A virtual machine whose processors are given to others."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="cpu_steal_pct",
    above=10.0,
    least_hours=0.5,
    weight=50.0,
    component="cpu",
    description="the hypervisor took {mean:.0f} % of the processor time for {hours:.1f} h",
    impact="work waits for a processor that others use",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("cpu_stolen", "cpu", ("cpu_steal_pct",), find)
