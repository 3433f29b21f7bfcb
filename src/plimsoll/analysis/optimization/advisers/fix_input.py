"""Feed the GPUs: loader workers, cores for each GPU, data that is nearer."""

import numpy as np

from plimsoll.analysis.optimization.case import Case, above
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.robust import Floats

_NEARLY_ALL = 0.95
STARVING_PCT = 30.0


def advise(case: Case, found: Found) -> Advice | None:
    """A stall of share f gives back at most 1/(1-f): the high end; the low end is what half of it gives.

    Where the rate of training is read, its own rate before the stall says it better: that is what it has really done.
    """
    waited = case.window("input_wait_pct")
    past = case.past("input_wait_pct")
    if waited is not None:
        usual = float(np.nanmedian(past)) if past is not None else 0.0
        stall = min(_NEARLY_ALL, max(0.0, (found.observed - usual) / 100))
    else:
        stall = min(_NEARLY_ALL, found.share)
    low, high = 100 * (1 / (1 - stall / 2) - 1), 100 * (1 / (1 - stall) - 1)
    if (measured := _measured(case, waited)) is not None:
        low, high = measured
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high" if stall >= 0.3 else "medium",
        title=f"Widen the input pipeline of {case.resource.name}",
        description=f"{found.description}. More loader workers, more cores for each GPU, or data on local disks. "
        "If nothing is done, GPUs go on waiting.",
        improvement=f"{low:.0f} to {high:.0f} % more steps while it starves",
        estimate=Estimate(
            low=low,
            middle=(low + high) / 2,
            high=high,
            unit="% more steps",
            formula="1/(1-f/2) - 1 to 1/(1-f) - 1, f the share of time waiting; rate before / now - 1 where it is read",
        ),
        cost="nothing",
        change="DataLoader(num_workers=..., pin_memory=True, prefetch_factor=4)",
    )


def _measured(case: Case, waited: Floats | None) -> tuple[float, float] | None:
    """Its rate before (5th and 95th percentile) over its rate while it starves, in percent more."""
    rate, past = case.window("training_samples_per_s"), case.past("training_samples_per_s")
    if rate is None or past is None or waited is None:
        return None
    starving = rate[above(waited, STARVING_PCT) & ~np.isnan(rate)]
    if not len(starving) or float(starving.mean()) <= 0:
        return None
    low, high = (100 * (float(np.nanquantile(past, q)) / float(starving.mean()) - 1) for q in (0.05, 0.95))
    return max(low, 0.0), high


ADVISER = Adviser("fix_input", frozenset({"input_starvation"}), advise)
