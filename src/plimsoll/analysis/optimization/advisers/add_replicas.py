"""More replicas or GPUs where requests wait, by what queueing theory says of it."""

import math

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.commands import scale
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import adding
from plimsoll.analysis.optimization.reading import quantile_of
from plimsoll.analysis.optimization.replay import replayed
from plimsoll.analysis.optimization.usl import Usl, law_of

TARGET = 0.65
SATURATED = 0.95
VARIABILITY = (0.5, 1.0, 2.0)


def waiting(rho: float, servers: float, variability: float) -> float:
    """The mean wait over the service time with so many servers (Sakasegawa 1977; Kingman's formula for one).

    >>> round(waiting(0.8, 1, 1.0), 1), round(waiting(0.8, 4, 1.0), 2)
    (4.0, 0.77)
    """
    return float(variability * rho ** (math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - rho)))


def busiest(case: Case) -> str | None:
    """The metric that says how busy it is: its GPUs where they are read, else its processors."""
    return next((m for m in ("gpu_utilization_pct", "cpu_utilization_pct") if case.window(m) is not None), None)


def advise(case: Case, found: Found) -> Advice | None:
    """Enough for the target at the busiest hours of the window; no number where the queue says it is saturated."""
    metric, units = busiest(case), case.resource.replicas_count or case.resource.gpu_count
    if metric is None or not units:
        return None
    used = quantile_of(metric, 0.95)
    rho = used.value(case) / 100
    law = law_of(case) if case.resource.replicas_count else None
    more = max(units + 1, math.ceil(units * min(rho, 1.0) / TARGET))
    if law is not None and more > law.peak:
        more = float(math.floor(law.peak))
        if more <= units:
            return None  # by its own history more replicas would do less
    noun, one = ("replicas", "replica") if case.resource.replicas_count else ("GPUs", "GPU")
    cost, replay = adding(case, (more - units) / units), replayed(case.readings[metric] * units / more, case.step_s)
    said, estimate = _improvement(rho, units, more)
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high" if found.weight >= 85 else "medium",
        title=f"Give {case.resource.name} {more - units:g} more {one if more - units == 1 else noun} at such times",
        description=f"{found.description}; utilisation reached {100 * rho:.0f} %. {replay.words if replay else ''} "
        f"{_scaling(law, units, more)}If nothing is done, the wait grows faster than the load.",
        improvement=said,
        estimate=estimate,
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        replay=replay,
        changes=scale(case.resource, more) if noun == "replicas" else {"slurm": f"#SBATCH --gres=gpu:{more:g}"},
        inputs={"utilisation, 95th percentile": used},
    )


def _scaling(law: Usl | None, units: float, more: float) -> str:
    """What the universal scalability law says, where it fits the service's own history."""
    if law is None:
        return ""
    gain = 100 * (law.at(more) / law.at(units) - 1)
    return (
        f"By how it scaled with {law.sizes} numbers of replicas (USL, kappa {law.kappa:.2g}) that is {gain:.0f} % more "
        f"throughput; beyond {law.peak:.0f} replicas there is less. "
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
