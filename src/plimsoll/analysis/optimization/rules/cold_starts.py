"""Replicas that take long to answer first."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="cold_start_ms",
    above=10000.0,
    least_hours=0.25,
    weight=40.0,
    component="service",
    description="new replicas needed {mean:,.0f} ms to answer for {hours:.1f} h",
    impact="the first requests after a pause wait for them",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("cold_starts", "service", ("cold_start_ms",), find)
