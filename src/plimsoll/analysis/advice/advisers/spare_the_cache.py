"""Requests put back or started cold."""

from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

FEWER = 0.8
_COLD = "Keep one more replica ready than is needed, and load the model from a near disk."
_PUT_BACK = "Lower the number of sequences worked on together."


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """Settings of the server."""
    running = quantile_of("running_count", 0.95)
    level = running.value(window) if len(running.known(window)) else 0.0
    fewer = str(max(1, int(FEWER * level))) if level > 0 and bottleneck.rule == "preemptions" else ""
    cold = bottleneck.rule == "cold_starts"
    return Advice(
        priority="medium",
        title=f"Keep a replica of {window.resource.name} ready"
        if cold
        else f"Let {window.resource.name} keep what it has computed",
        description=f"{bottleneck.description}. {_COLD if cold else _PUT_BACK} "
        f"If nothing is done: {bottleneck.impact}.",
        changes={"vllm": f"--max-num-seqs {fewer} --gpu-memory-utilization 0.95"} if fewer else {},
        inputs={"requests under way, 95th percentile": running} if fewer else {},
    )


ADVISER = Adviser(name="spare_the_cache", answers=frozenset({"preemptions", "cold_starts"}), advise=advise)
