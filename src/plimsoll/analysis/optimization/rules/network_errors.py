"""Packets with errors."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="network_errors_per_s",
    above=10.0,
    least_hours=1.0,
    weight=60.0,
    component="network",
    description="{mean:.0f} packets a second had errors for {hours:.1f} h",
    impact="lost packets are sent again, and bandwidth falls with the square root of the loss",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("network_errors", "network", ("network_errors_per_s",), find)
