"""Requests put back for want of cache: their work is done twice."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="preemptions_per_s",
    above=0.05,
    least_hours=0.25,
    weight=74.0,
    component="kv cache",
    description="{mean:.2f} requests a second were put back for {hours:.1f} h",
    impact="what they had computed is computed again",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("preemptions", "kv cache", ("preemptions_per_s",), find)
