"""Jobs that wait though enough GPUs are free, because no one node has as many as they want."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="queue_fragmented_count",
    above=1.0,
    least_hours=0.5,
    weight=64.0,
    component="scheduler",
    description="{mean:.0f} jobs waited for {hours:.1f} h though enough GPUs were free, on different nodes",
    impact="GPUs stand idle and jobs wait at the same time",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("gpus_fragmented", "scheduler", ("queue_fragmented_count",), find, explains=frozenset({"queueing"}))
