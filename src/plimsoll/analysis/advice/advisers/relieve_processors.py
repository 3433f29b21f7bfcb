"""Processors that are short on a machine or a job: more GPUs would not help."""

from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.advice.preconditions import Preconditions, has_gpus
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """What has replicas is given more of them by another adviser, where that one knows how busy they are."""
    known = not has_gpus(window) or window.row("gpu_utilization_pct") is not None
    if window.resource.replicas_count and known:
        return None
    return Advice(
        priority="medium",
        title=f"Give {window.resource.name} more processors, or less to do at such times",
        description=f"{bottleneck.description}. Move work that can wait to other hours or to a machine that has room; "
        f"more GPUs would not help. If nothing is done: {bottleneck.impact}.",
    )


ADVISER = Adviser(
    name="relieve_processors",
    answers=frozenset({"cpu_saturated"}),
    advise=advise,
    wants=Preconditions(measured=(("cpu_utilization_pct",),)),
)
