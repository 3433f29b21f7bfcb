"""GPUs that a hardware brake slows down: heat, power supply."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="gpu_throttled_hardware_pct",
    above=5.0,
    least_hours=0.25,
    weight=90.0,
    component="gpu",
    description="a hardware brake slowed the GPUs down for {hours:.1f} h",
    impact="the clock is halved or worse while it acts",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule(
    "gpu_hardware_slowdown",
    "gpu",
    ("gpu_throttled_hardware_pct",),
    find,
    explains=frozenset({"thermal_throttling", "gpu_power_capped"}),
)
