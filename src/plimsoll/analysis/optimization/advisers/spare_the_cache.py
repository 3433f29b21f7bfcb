"""Requests put back or started cold."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found
from plimsoll.analysis.optimization.reading import quantile_of

FEWER = 0.8


def advise(case: Case, found: Found) -> Advice | None:
    """Settings of the server."""
    running = quantile_of("running_count", 0.95)
    level = running.value(case) if len(running.known(case)) else 0.0
    fewer = str(max(1, int(FEWER * level))) if level > 0 and found.rule == "preemptions" else "N"
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Let {case.resource.name} keep what it has computed",
        description=f"{found.description}. Lower the number of sequences worked on together, keep a replica warm. "
        f"If nothing is done: {found.impact}.",
        changes={"kubernetes": "minReplicas: 1   # of the HorizontalPodAutoscaler; Knative: min-scale"}
        if found.rule == "cold_starts"
        else {"vllm": f"--max-num-seqs {fewer} --gpu-memory-utilization 0.95"},
        inputs={"requests under way, 95th percentile": running} if fewer != "N" else {},
    )


ADVISER = Adviser("spare_the_cache", frozenset({"preemptions", "cold_starts"}), advise)
