"""GPUs that are slowed down by heat."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="gpu_throttled_thermal_pct",
    above=10.0,
    least_hours=0.5,
    weight=88.0,
    component="gpu",
    description="heat slowed the GPUs down for {hours:.1f} h ({mean:.0f} % of that time)",
    impact="the clock falls, and with it everything that runs on them",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule(
    "thermal_throttling",
    "gpu",
    ("gpu_throttled_thermal_pct",),
    find,
    explains=frozenset({"gpu_power_capped", "gpu_straggler", "gpu_under_used"}),
)
