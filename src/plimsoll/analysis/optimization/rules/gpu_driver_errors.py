"""GPUs of which the driver reported an error (XID), but for the one that only tells that a job was ended."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least, at_most
from plimsoll.analysis.optimization.sustained import Sustained, sustained

_CLEANED_UP = 45.0
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
    """Any code but 45, which the driver gives when it cleans up after a process (NVIDIA, XID catalogue)."""
    cleaned_up = at_least(LIMIT.metric, _CLEANED_UP) & at_most(LIMIT.metric, _CLEANED_UP)
    return sustained(case, RULE.name, LIMIT, but=cleaned_up)


RULE = Rule("gpu_driver_errors", "gpu", ("gpu_xid_code",), find)
