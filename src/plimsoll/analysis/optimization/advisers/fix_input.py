"""Feed the GPUs: loader workers, cores for each GPU, data that is nearer."""

import numpy as np

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.held import at_least
from plimsoll.analysis.optimization.reading import mean_of, quantile_of

_NEARLY_ALL = 0.95
STARVING_PCT = 30.0
_RATE = "training_samples_per_s"
_STARVING = mean_of(_RATE, at_least("input_wait_pct", STARVING_PCT))
_BEFORE = tuple(quantile_of(_RATE, q, rows="past") for q in (0.05, 0.95))
_NAMES = ("rate while it starves", "rate before, 5th percentile", "rate before, 95th percentile")


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
    measured = _measured(case)
    if measured is not None:
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
        cost="costs nothing",
        changes=_changes(case),
        inputs=dict(zip(_NAMES, (_STARVING, *_BEFORE), strict=True)) if measured else {},
    )


def _changes(case: Case) -> dict[str, str]:
    """As many loader workers as there are cores for each GPU, where that is known."""
    cores, count = case.resource.cpu_count, case.resource.gpu_count
    each = int(cores / count) if cores and count and cores >= count else None
    loader = f"DataLoader(num_workers={each or 'N'}, pin_memory=True, prefetch_factor=4)"
    return {"pytorch": loader, **({"slurm": f"#SBATCH --cpus-per-gpu={2 * each}"} if each else {})}


def _measured(case: Case) -> tuple[float, float] | None:
    """Its rate before (5th and 95th percentile) over its rate while it starves, in percent more."""
    if case.past("training_samples_per_s") is None or not len(_STARVING.known(case)) or _STARVING.value(case) <= 0:
        return None
    low, high = (100 * (one.value(case) / _STARVING.value(case) - 1) for one in _BEFORE)
    return max(low, 0.0), high


ADVISER = Adviser("fix_input", frozenset({"input_starvation"}), advise)
