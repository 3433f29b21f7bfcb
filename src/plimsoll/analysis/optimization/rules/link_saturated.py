"""A network link that is full."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="network_utilization_pct",
    above=85.0,
    least_hours=0.5,
    weight=64.0,
    component="network",
    description="the link was over {limit:.3g} % used for {hours:.1f} h ({mean:.0f} % on average)",
    impact="transfers queue, latency grows",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("link_saturated", "network", ("network_utilization_pct",), find)
