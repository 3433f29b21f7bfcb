"""GPUs that run into their power limit."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="gpu_throttled_power_pct",
    above=20.0,
    least_hours=2.0,
    weight=25.0,
    component="gpu",
    description="the power limit slowed the GPUs down for {hours:.1f} h ({mean:.0f} % of that time)",
    impact="the clock stays under what the work could use",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("gpu_power_capped", "gpu", ("gpu_throttled_power_pct",), find)
