"""Heat and hardware brakes: airflow, fans, power supply; drain if it stays."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, above
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found


def advise(case: Case, found: Found) -> Advice | None:
    """What the clock lost while it was held down, against its own clock when it was not."""
    clock, slowed = case.window("gpu_sm_clock_mhz"), case.window(found.metric)
    improvement, estimate = None, None
    if clock is not None and slowed is not None:
        held = above(slowed, found.threshold)
        past = case.past("gpu_sm_clock_mhz")
        free = clock[~held & ~np.isnan(clock)] if past is None else past[~np.isnan(past)]
        if len(free) and np.isfinite(clock[held]).any():
            now = float(np.nanmean(clock[held]))
            gains = [100 * (float(np.quantile(free, q)) / now - 1) for q in (0.05, 0.5, 0.95)]
            low, middle, high = (max(gain, 0.0) for gain in gains)
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
        change=f'scontrol update nodename={case.resource.resource_id} state=drain reason="thermal"',
    )


ADVISER = Adviser("cool", frozenset({"thermal_throttling", "gpu_hardware_slowdown"}), advise)
