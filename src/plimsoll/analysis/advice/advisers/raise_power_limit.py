"""A power limit that costs clock: raise it, or accept it."""

from plimsoll.analysis.advice.model import Advice, Adviser, Estimate
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of, quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

A_TENTH_MORE = 1.1


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """A person decides: heat and the power budget are not measured. What the clock lost is the most it can bring."""
    capped = at_least(bottleneck.metric, bottleneck.threshold)
    slow, free = mean_of("gpu_sm_clock_mhz", capped), quantile_of("gpu_sm_clock_mhz", 0.95, where=~capped)
    limit = mean_of("gpu_power_limit_w")
    watts = f"{A_TENTH_MORE * limit.value(window):.0f}" if len(limit.known(window)) else ""
    known = len(slow.known(window)) > 0 and len(free.known(window)) > 0 and slow.value(window) > 0
    gain = max(0.0, 100 * (free.value(window) / slow.value(window) - 1)) if known else 0.0
    return Advice(
        priority="low",
        title=f"Decide about the power limit of {window.resource.name}",
        description=f"{bottleneck.description}. Raise the limit if cooling and supply allow it, else accept it. "
        f"If nothing is done: {bottleneck.impact}.",
        improvement=f"up to {gain:.0f} % more clock" if known else None,
        estimate=Estimate(
            low=0.0,
            middle=gain / 2,
            high=gain,
            unit="% more clock",
            formula="95th percentile of the clock while not capped / mean clock while capped - 1, as upper bound",
        )
        if known
        else None,
        changes={"shell": f"nvidia-smi --power-limit={watts}   # a tenth more than now, at most what the card allows"}
        if watts
        else {},
        inputs={"clock while capped": slow, "clock while free, 95th percentile": free} if known else {},
    )


ADVISER = Adviser(
    name="raise_power_limit",
    answers=frozenset({"gpu_power_capped"}),
    advise=advise,
    reads=("gpu_power_limit_w",),
    wants=Preconditions(acts_on=frozenset({"node"})),
)
