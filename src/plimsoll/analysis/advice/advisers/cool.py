"""Heat and hardware brakes: airflow, fans, power supply; drain if it stays."""

from plimsoll.analysis.advice.commands import drain
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, MetricOutcome, PlatformText
from plimsoll.analysis.bottlenecks.expressions.conditions import Condition, at_least
from plimsoll.analysis.bottlenecks.expressions.measures import Reading, mean_of, quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

_NAMES = ("clock when free, 5th percentile", "clock when free, median", "clock when free, 95th percentile")


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """What the clock lost while it was throttled, against its own clock when it was not."""
    slowed = at_least(bottleneck.metric, bottleneck.threshold)
    now = mean_of("gpu_sm_clock_mhz", slowed)
    free = [_free(window, slowed, q) for q in (0.05, 0.5, 0.95)]
    known = len(now.known(window)) > 0 and len(free[0].known(window)) > 0 and now.value(window) > 0
    improvement, estimate = None, None
    if known:
        low, middle, high = (max(0.0, 100 * (one.value(window) / now.value(window) - 1)) for one in free)
        improvement = f"{low:.0f} to {high:.0f} % more clock while it is hot"
        estimate = Estimate(
            low=low,
            middle=middle,
            high=high,
            unit="% more clock",
            formula="clock when not slowed down (5th to 95th percentile) / clock while slowed down - 1",
        )
    return Advice(
        priority="high",
        title=f"Look at the cooling of {window.resource.name}",
        description=f"{bottleneck.description}. Check airflow, fans and the power supply; drain it if it goes on. "
        "If nothing is done, it stays slow, and hardware that is too hot fails sooner.",
        improvement=improvement,
        estimate=estimate,
        changes=drain(window.resource, "thermal"),
        inputs={"clock while slowed down": now, **dict(zip(_NAMES, free, strict=True))} if known else {},
    )


def _free(window: ResourceWindow, slowed: Condition, quantile: float) -> Reading:
    """The clock of the days before; without them, of the window where it was not slowed down."""
    if window.past("gpu_sm_clock_mhz") is not None:
        return quantile_of("gpu_sm_clock_mhz", quantile, rows="past")
    return quantile_of("gpu_sm_clock_mhz", quantile, where=~slowed)


ADVISER = Adviser(
    name="cool",
    answers=frozenset({"thermal_throttling", "gpu_hardware_slowdown"}),
    advise=advise,
    platform=PlatformText("Look at the cooling", "are slowed down by heat"),
    outcome=MetricOutcome("gpu_sm_clock_mhz"),
)
