"""GPUs of which the driver reported an error (XID)."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="gpu_xid_code",
    above=1.0,
    least_hours=0.0,
    weight=92.0,
    component="gpu",
    description="the driver reported XID {mean:.0f} in {samples} readings",
    impact="work on this GPU can fail or hang",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("gpu_driver_errors", "gpu", ("gpu_xid_code",), find)
