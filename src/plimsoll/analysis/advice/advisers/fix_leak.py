"""Memory that grows or is used up: restart before it ends by itself, and find what keeps it."""

from plimsoll.analysis.advice.commands import limits, restart
from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.bottlenecks.expressions.measures import Reading
from plimsoll.analysis.bottlenecks.expressions.terms import Metric
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

ROOM = 1.2  # what was used at most and a fifth (Jobstats)


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """A planned restart costs seconds, one by the kernel costs the requests under way."""
    leak = bottleneck.rule == "memory_leak"
    highest, size = Reading(of=Metric("memory_utilization_pct"), statistic="max"), window.resource.memory_bytes
    needed = size * highest.value(window) / 100 * ROOM if size and len(highest.known(window)) else None
    return Advice(
        priority="high",
        title=f"{'Restart' if leak else 'Give memory to'} {window.resource.name} before it runs out",
        description=f"{bottleneck.description}. If nothing is done: {bottleneck.impact}.",
        changes=restart(window.resource) if leak else limits(window.resource, memory_bytes=needed),
        inputs={"highest use": highest} if needed and not leak else {},
    )


ADVISER = Adviser(name="fix_leak", answers=frozenset({"memory_leak", "memory_pressure", "swapping"}), advise=advise)
