"""Bring GPUs back whose node nobody can use."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """What it brings is not promised: it depends on the work."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Bring the stranded GPUs of {case.resource.name} back",
        description=f"{found.description}. "
        "Look at the nodes that are down or drained; on the others keep processors for each GPU. "
        f"If nothing is done: {found.impact}.",
        changes={
            "slurm": "sinfo --Node --long --states=down,drain   # of a whole one: scontrol update nodename=NODE "
            "state=resume"
        },
    )


ADVISER = Adviser("free_stranded", frozenset({"gpus_stranded"}), advise)
