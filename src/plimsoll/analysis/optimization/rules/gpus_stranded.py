"""Free GPUs that no job can have: their node is down, drained, or has no processor left."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="gpus_stranded_count",
    above=1.0,
    least_hours=1.0,
    weight=58.0,
    component="scheduler",
    description="{mean:.0f} free GPUs could not be given to any job for {hours:.1f} h",
    impact="GPUs stand idle while their nodes are down, drained or without a processor left",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule("gpus_stranded", "scheduler", ("gpus_stranded_count",), find)
