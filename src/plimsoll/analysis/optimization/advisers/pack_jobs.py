"""Let small jobs share nodes, so that whole nodes stay free for large ones."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """What it brings is not promised: it depends on the work."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"Pack the small jobs of {case.resource.name} onto fewer nodes",
        description=f"{found.description}. "
        "Fill nodes that are in use before empty ones, so that whole nodes stay free. "
        f"If nothing is done: {found.impact}.",
        changes={
            "slurm": "SchedulerParameters=pack_serial_at_end,bf_busy_nodes; "
            "SelectTypeParameters=CR_Core_Memory,CR_Pack_Nodes   # two lines of slurm.conf"
        },
    )


ADVISER = Adviser("pack_jobs", frozenset({"gpus_fragmented"}), advise)
