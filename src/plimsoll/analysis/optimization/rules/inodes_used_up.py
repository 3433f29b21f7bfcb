"""A file system without room for new files."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="storage_inodes_utilization_pct",
    above=95.0,
    least_hours=0.25,
    weight=80.0,
    component="storage",
    description="inodes were over {limit:.3g} % used for {hours:.1f} h",
    impact="no new file can be made though there is space",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("inodes_used_up", "storage", ("storage_inodes_utilization_pct",), find)
