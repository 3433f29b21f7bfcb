"""Heat and hardware brakes: airflow, fans, power supply; drain if it stays."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.commands import drain
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.held import Held, at_least
from plimsoll.analysis.optimization.reading import Reading, mean_of, quantile_of

_NAMES = ("clock when free, 5th percentile", "clock when free, median", "clock when free, 95th percentile")


def advise(case: Case, found: Found) -> Advice | None:
    """What the clock lost while it was held down, against its own clock when it was not."""
    slowed = at_least(found.metric, found.threshold)
    now = mean_of("gpu_sm_clock_mhz", slowed)
    free = [_free(case, slowed, q) for q in (0.05, 0.5, 0.95)]
    known = len(now.known(case)) > 0 and len(free[0].known(case)) > 0
    improvement, estimate = None, None
    if known:
        low, middle, high = (max(0.0, 100 * (one.value(case) / now.value(case) - 1)) for one in free)
        improvement = f"{low:.0f} to {high:.0f} % more clock while it is hot"
        estimate = Estimate(
            low=low,
            middle=middle,
            high=high,
            unit="% more clock",
            formula="clock when not slowed down (5th to 95th percentile) / clock while slowed down - 1",
        )
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"Look at the cooling of {case.resource.name}",
        description=f"{found.description}. Check airflow, fans and the power supply; drain it if it goes on. "
        "If nothing is done, it stays slow, and hardware that is too hot fails sooner.",
        improvement=improvement,
        estimate=estimate,
        changes=drain(case.resource, "thermal"),
        inputs={"clock while slowed down": now, **dict(zip(_NAMES, free, strict=True))} if known else {},
    )


def _free(case: Case, slowed: Held, quantile: float) -> Reading:
    """The clock of the days before; without them, of the window where it was not slowed down."""
    if case.past("gpu_sm_clock_mhz") is not None:
        return quantile_of("gpu_sm_clock_mhz", quantile, rows="past")
    return quantile_of("gpu_sm_clock_mhz", quantile, where=~slowed)


ADVISER = Adviser("cool", frozenset({"thermal_throttling", "gpu_hardware_slowdown"}), advise)
