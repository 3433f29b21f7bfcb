"""A volume that is nearly full."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="storage_utilization_pct",
    above=90.0,
    least_hours=0.25,
    weight=86.0,
    component="storage",
    description="the volume was over {limit:.3g} % full for {hours:.1f} h ({mean:.0f} % on average)",
    impact="writes fail when it is full",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("volume_full", "storage", ("storage_utilization_pct",), find)
