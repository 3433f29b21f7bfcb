"""GPUs with memory errors that were not corrected."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="gpu_ecc_uncorrected_count",
    above=0.001,  # the mean of a step: one error among its readings is one too many
    least_hours=0.0,
    weight=96.0,
    component="gpu",
    description="memory errors that were not corrected were counted in {samples} readings",
    impact="work on this GPU can fail at any time",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("gpu_memory_errors", "gpu", ("gpu_ecc_uncorrected_count",), find)
