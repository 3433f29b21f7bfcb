"""Disks that are always busy."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="disk_busy_pct",
    above=98.0,
    least_hours=0.5,
    weight=60.0,
    component="disk",
    description="disks were busy all the time for {hours:.1f} h",
    impact="reads and writes wait for one another",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("disk_saturated", "disk", ("disk_busy_pct",), find)
