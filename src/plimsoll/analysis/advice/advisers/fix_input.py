"""Feed the GPUs: loader workers, cores for each GPU, data that is nearer."""

import numpy as np

from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, MetricOutcome
from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import Reading, mean_of, quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.bottlenecks.rules.input_starvation import InputStarvationLimits

_NEARLY_ALL = 0.95
_RATE = "training_samples_per_s"
_BEFORE = tuple(quantile_of(_RATE, q, rows="past") for q in (0.05, 0.95))
_NAMES = ("rate while it starves", "rate before, 5th percentile", "rate before, 95th percentile")


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """A stall of share f gives back at most 1/(1-f): the high end; the low end is what half of it gives.

    Where the rate of training is read, its own rate before the stall says it better: that is what it has really done.
    """
    waited = window.row("input_wait_pct")
    past = window.past("input_wait_pct")
    if waited is not None:
        usual = float(np.nanmedian(past)) if past is not None else 0.0
        stall = min(_NEARLY_ALL, max(0.0, (bottleneck.observed - usual) / 100))
    else:
        stall = min(_NEARLY_ALL, bottleneck.share)
    low, high = 100 * (1 / (1 - stall / 2) - 1), 100 * (1 / (1 - stall) - 1)
    starving = _starving(bottleneck)
    measured = _measured(window, starving)
    if measured is not None:
        low, high = measured
    return Advice(
        priority="high" if stall >= 0.3 else "medium",
        title=f"Widen the input pipeline of {window.resource.name}",
        description=f"{bottleneck.description}. More loader workers, more cores for each GPU, or data on local disks. "
        "If nothing is done, GPUs go on waiting.",
        improvement=f"{low:.0f} to {high:.0f} % more steps while it starves",
        estimate=Estimate(
            low=low,
            middle=(low + high) / 2,
            high=high,
            unit="% more steps",
            formula="1/(1-f/2) - 1 to 1/(1-f) - 1, f the share of time waiting; rate before / now - 1 where it is read",
        ),
        changes=_changes(window),
        inputs=dict(zip(_NAMES, (starving, *_BEFORE), strict=True)) if starving is not None and measured else {},
    )


def _changes(window: ResourceWindow) -> dict[str, str]:
    """As many loader workers as there are cores for each GPU, where that is known."""
    cores, count = window.resource.cpu_count, window.resource.gpu_count
    each = int(cores / count) if cores and count and cores >= count else None
    loader = f"DataLoader(num_workers={each}, pin_memory=True, prefetch_factor=4)"
    return {"pytorch": loader, "slurm": f"#SBATCH --cpus-per-gpu={each}"} if each else {}


def _starving(bottleneck: Bottleneck) -> Reading | None:
    """The rate in the steps that the rule found; None where it was found by another of its limits."""
    limits = bottleneck.limits
    if bottleneck.metric != "input_wait_pct" or not isinstance(limits, InputStarvationLimits):
        return None
    return mean_of(_RATE, at_least("input_wait_pct", limits.waiting_pct))


def _measured(window: ResourceWindow, starving: Reading | None) -> tuple[float, float] | None:
    """Its rate before (5th and 95th percentile) over its rate while it starves, in percent more."""
    if window.past(_RATE) is None or starving is None or not len(starving.known(window)):
        return None
    now = starving.value(window)
    if now <= 0:
        return None
    low, high = (100 * (one.value(window) / now - 1) for one in _BEFORE)
    return max(low, 0.0), high


ADVISER = Adviser(
    name="fix_input",
    answers=frozenset({"input_starvation"}),
    advise=advise,
    outcome=MetricOutcome("training_samples_per_s"),
)
