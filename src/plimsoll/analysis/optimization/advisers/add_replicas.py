"""More replicas or GPUs where requests wait, by what queueing theory says of it."""

import math

import numpy as np

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import adding

TARGET = 0.65
SATURATED = 0.95
VARIABILITY = (0.5, 1.0, 2.0)


def waiting(rho: float, servers: float, variability: float) -> float:
    """The mean wait over the service time with so many servers (Sakasegawa 1977; Kingman's formula for one).

    >>> round(waiting(0.8, 1, 1.0), 1), round(waiting(0.8, 4, 1.0), 2)
    (4.0, 0.77)
    """
    return float(variability * rho ** (math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - rho)))


def advise(case: Case, found: Found) -> Advice | None:
    """Enough for the target at the busiest hours of the window; no number where the queue says it is saturated."""
    busy = case.window("gpu_utilization_pct")
    if busy is None:
        busy = case.window("cpu_utilization_pct")
    units = case.resource.replicas_count or case.resource.gpu_count
    if busy is None or not units:
        return None
    rho = float(np.nanquantile(busy, 0.95)) / 100
    more = max(units + 1, math.ceil(units * min(rho, 1.0) / TARGET))
    noun, one = ("replicas", "replica") if case.resource.replicas_count else ("GPUs", "GPU")
    cost = adding(case, (more - units) / units)
    said, estimate = _improvement(rho, units, more)
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high" if found.weight >= 85 else "medium",
        title=f"Give {case.resource.name} {more - units:g} more {one if more - units == 1 else noun} at such times",
        description=f"{found.description}; utilisation reached {100 * rho:.0f} %. "
        "If nothing is done, the wait grows faster than the load.",
        improvement=said,
        estimate=estimate,
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        change=f"kubectl scale deployment/{case.resource.resource_id} --replicas={more:g}"
        if noun == "replicas"
        else None,
    )


def _improvement(rho: float, units: float, more: float) -> tuple[str, Estimate | None]:
    if rho >= SATURATED:
        return "saturated: the wait falls at least as far as the queue empties", None
    less = [100 * (1 - (1 + waiting(rho * units / more, more, v)) / (1 + waiting(rho, units, v))) for v in VARIABILITY]
    low, middle, high = less
    estimate = Estimate(
        low=low,
        middle=middle,
        high=high,
        unit="% less time to answer",
        formula="1 - (S + W(c')) / (S + W(c)), W by Sakasegawa, variability 0.5 to 2",
    )
    return f"answers {low:.0f} to {high:.0f} % sooner", estimate


ADVISER = Adviser("add_replicas", frozenset({"queueing", "kv_cache_full", "traffic_spike", "cpu_saturated"}), advise)
