"""GPUs whose memory rows wait for a reset."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="gpu_rows_pending_count",
    above=1.0,
    least_hours=0.0,
    weight=70.0,
    component="gpu",
    description="memory rows wait for a reset to be remapped",
    impact="the next reset mends it; until then errors may come again",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("gpu_rows_to_remap", "gpu", ("gpu_rows_pending_count",), find)
