"""A faster GPU, or one with more memory, where requests wait: the other way than more of the same."""

from plimsoll.analysis.advice.cost import adding
from plimsoll.analysis.advice.gpu_models import GpuReplacement, replacements
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.advice.queueing import SATURATED, VARIABILITY, waiting
from plimsoll.analysis.advice.waits import MeasuredWait, measured_wait
from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

MORE_MEMORY = 1.2


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The cheapest that is faster; where the cache is full, that has a fifth more memory."""
    units = window.resource.replicas_count or window.resource.gpu_count
    fits = [one for one in replacements(window) if _better(one, memory=bottleneck.rule == "kv_cache_full")]
    if not fits or not units:
        return None
    best, used = fits[0], quantile_of("gpu_utilization_pct", 0.95)
    waited = measured_wait(window, bottleneck, "gpu_utilization_pct")
    said, estimate = _improvement(used.value(window) / 100, units, best, waited)
    cost = adding(window, -best.part(window))
    return Advice(
        priority=best.replay.lowered("medium"),
        title=f"Run {window.resource.name} on {best.other.model} instead of {best.own.model}",
        description=f"{bottleneck.description}; {best.ratios}. {best.replay.words} If nothing is done: "
        f"{bottleneck.impact}.",
        improvement=said,
        estimate=estimate,
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        replay=best.replay,
        changes=best.changes(window.resource.gpu_count or units),
        inputs={"utilization, 95th percentile": used},
    )


def _better(one: GpuReplacement, *, memory: bool) -> bool:
    own, other = one.own.memory_gb or 0.0, one.other.memory_gb or 0.0
    return one.slower <= 1 and other >= MORE_MEMORY * own if memory else one.slower < 1 and other >= own


def _improvement(
    rho: float, servers: float, swap: GpuReplacement, waited: MeasuredWait | None
) -> tuple[str | None, Estimate | None]:
    """The same number of servers, each faster: shorter work, and a shorter wait for it, of what was waited at most."""
    if rho >= SATURATED or swap.slower >= 1:
        return None, None
    low, middle, high = (
        100 * (1 - swap.slower * (1 + waiting(rho * swap.slower, servers, v)) / (1 + waiting(rho, servers, v)))
        for v in VARIABILITY
    )
    if waited is not None:
        most = 100 * (1 - swap.slower * (1 - waited.share_pct / 100))
        low, middle, high = (min(one, most) for one in (low, middle, high))
    formula = "1 - S'(1 + W(rho')) / S(1 + W(rho)), W by Sakasegawa, S' by the price file, variability 0.5 to 2"
    estimate = Estimate(low=low, middle=middle, high=high, unit="% less time to answer", formula=formula)
    return f"answers {low:.0f} to {high:.0f} % sooner", estimate


ADVISER = Adviser(
    name="larger_gpu",
    answers=frozenset({"queueing", "kv_cache_full"}),
    advise=advise,
    wants=Preconditions(measured=(("gpu_utilization_pct",), ("gpu_memory_utilization_pct",))),
)
