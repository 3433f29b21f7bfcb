"""Less power where memory is what work waits for: a lower clock costs little there."""

from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

LESS = 0.8


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """Only where the limit is read; what it saves and costs has to be tried, so nothing is promised."""
    limit = mean_of("gpu_power_limit_w")
    if not len(limit.known(window)):
        return None
    return Advice(
        priority="low",
        title=f"Try a lower power limit on {window.resource.name}",
        description=f"{bottleneck.description}. Work that waits for memory loses little with a lower clock: try "
        f"four fifths "
        "of the limit, compare the time of a step, keep it if that stays. "
        f"If nothing is done: {bottleneck.impact}, and power is drawn for a clock that does not help.",
        changes={"shell": f"nvidia-smi --power-limit={LESS * limit.value(window):.0f}"},
        inputs={"power limit": limit},
    )


ADVISER = Adviser(
    name="cap_power",
    answers=frozenset({"gpu_memory_bandwidth"}),
    advise=advise,
    reads=("gpu_power_limit_w",),
    wants=Preconditions(measured=(("gpu_power_limit_w",),), acts_on=frozenset({"node"})),
)
