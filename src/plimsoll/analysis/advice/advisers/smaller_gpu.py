"""A smaller GPU, or a slice of one, where history would have fitted on it."""

from plimsoll.analysis.advice.advisers.right_size import CAUTIOUS, LEAST_DAYS, MOST_RISK, target_of
from plimsoll.analysis.advice.cost import freeing
from plimsoll.analysis.advice.gpu_models import MOST_MEMORY_PCT, replacements
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.bottlenecks.expressions.measures import Reading, quantile_of
from plimsoll.analysis.bottlenecks.expressions.terms import Metric
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The cheapest model on which use (99.5th percentile) stays under the target and memory under nine tenths."""
    used = quantile_of("gpu_utilization_pct", CAUTIOUS, rows="whole")
    filled = Reading(of=Metric("gpu_memory_utilization_pct"), statistic="max", rows="whole")
    count = window.resource.gpu_count
    if not count or len(used.known(window)) < LEAST_DAYS * 24 * window.rows_per_hour:
        return None
    fits = [
        one
        for one in replacements(window)
        if one.cheaper > 0
        and one.memory <= MOST_MEMORY_PCT
        and one.replay.share <= MOST_RISK
        and used.value(window) * one.slower <= target_of(bottleneck)
    ]
    if not fits:
        return None
    best = fits[0]
    cost = freeing(window, best.part(window), gpus=0.0)
    longer = max(1.0, best.replay.worst_pct / 100)
    low, high = 100 * (1 - (1 - best.cheaper) * longer), 100 * best.cheaper
    return Advice(
        priority=best.replay.lowered("medium" if best.cheaper >= 0.25 else "low"),
        title=f"Run {window.resource.name} on {best.other.model} instead of {best.own.model}",
        description=f"{bottleneck.description}; {best.ratios}, and its memory would have been {best.memory:.0f} "
        f"% used at "
        f"most. {best.replay.words} If nothing is done: {bottleneck.impact}.",
        improvement=f"{low:.0f} to {high:.0f} % less for the same work",
        estimate=Estimate(
            low=low,
            middle=high,
            high=high,
            unit="% less for its GPUs",
            formula="1 - price ratio x slowdown; slowdown: 1, or what the worst moment of the replay takes longer",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=count * best.cheaper,
        replay=best.replay,
        changes=best.changes(count),
        inputs={"use, 99.5th percentile": used, "memory, most": filled},
    )


ADVISER = Adviser(
    name="smaller_gpu",
    answers=frozenset({"gpu_under_used", "over_provisioned"}),
    advise=advise,
    platform=PlatformText("Move to smaller GPUs or slices", "would fit on a smaller GPU"),
    wants=Preconditions(measured=(("gpu_utilization_pct",), ("gpu_memory_utilization_pct",))),
)
