"""PCIe or NVLink errors."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="gpu_link_errors_per_s",
    above=0.5,
    least_hours=0.5,
    weight=72.0,
    component="gpu link",
    description="links reported {mean:.1f} errors a second for {hours:.1f} h",
    impact="transfers are repeated, and the link may fall",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("link_errors", "gpu link", ("gpu_link_errors_per_s",), find)
