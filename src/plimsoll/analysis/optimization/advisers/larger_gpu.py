"""A faster GPU, or one with more memory, where requests wait: the other way than more of the same."""

from plimsoll.analysis.optimization.advisers.add_replicas import SATURATED, VARIABILITY, waiting
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import adding
from plimsoll.analysis.optimization.other_model import Swap, swaps
from plimsoll.analysis.optimization.reading import quantile_of

MORE_MEMORY = 1.2


def advise(case: Case, found: Found) -> Advice | None:
    """The cheapest that is faster; where the cache is full, that has a fifth more memory."""
    units = case.resource.replicas_count or case.resource.gpu_count
    fits = [one for one in swaps(case) if _better(one, memory=found.rule == "kv_cache_full")]
    if not fits or not units:
        return None
    best, used = fits[0], quantile_of("gpu_utilization_pct", 0.95)
    said, estimate = _improvement(used.value(case) / 100, units, best)
    cost = adding(case, -best.part(case))
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority=best.replay.lowered("medium"),
        title=f"Run {case.resource.name} on {best.other.model} instead of {best.own.model}",
        description=f"{found.description}; {best.ratios}. {best.replay.words} If nothing is done: {found.impact}.",
        improvement=said,
        estimate=estimate,
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        replay=best.replay,
        changes=best.changes(case.resource.gpu_count or units),
        inputs={"utilisation, 95th percentile": used},
    )


def _better(one: Swap, *, memory: bool) -> bool:
    own, other = one.own.memory_gb or 0.0, one.other.memory_gb or 0.0
    return one.slower <= 1 and other >= MORE_MEMORY * own if memory else one.slower < 1 and other >= own


def _improvement(rho: float, servers: float, swap: Swap) -> tuple[str | None, Estimate | None]:
    """The same number of servers, each faster: shorter work, and a shorter wait for it."""
    if rho >= SATURATED or swap.slower >= 1:
        return None, None
    low, middle, high = (
        100 * (1 - swap.slower * (1 + waiting(rho * swap.slower, servers, v)) / (1 + waiting(rho, servers, v)))
        for v in VARIABILITY
    )
    formula = "1 - S'(1 + W(rho')) / S(1 + W(rho)), W by Sakasegawa, S' by the price file, variability 0.5 to 2"
    estimate = Estimate(low=low, middle=middle, high=high, unit="% less time to answer", formula=formula)
    return f"answers {low:.0f} to {high:.0f} % sooner", estimate


ADVISER = Adviser("larger_gpu", frozenset({"queueing", "kv_cache_full"}), advise)
