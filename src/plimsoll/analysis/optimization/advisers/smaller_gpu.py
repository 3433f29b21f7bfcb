"""A smaller GPU, or a slice of one, where history would have fitted on it."""

from plimsoll.analysis.optimization.advisers.right_size import CAUTIOUS, LEAST_DAYS, MOST_RISK, TARGET_PCT
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import freeing
from plimsoll.analysis.optimization.other_model import MOST_MEMORY_PCT, swaps
from plimsoll.analysis.optimization.reading import Reading, quantile_of
from plimsoll.analysis.optimization.terms import Metric


def advise(case: Case, found: Found) -> Advice | None:
    """The cheapest model on which use (99.5th percentile) stays under the target and memory under nine tenths."""
    used = quantile_of("gpu_utilization_pct", CAUTIOUS, rows="whole")
    filled = Reading(of=Metric("gpu_memory_utilization_pct"), statistic="max", rows="whole")
    count = case.resource.gpu_count
    if not count or len(used.known(case)) < LEAST_DAYS * 24 * case.rows_per_hour:
        return None
    fits = [
        one
        for one in swaps(case)
        if one.cheaper > 0
        and one.memory <= MOST_MEMORY_PCT
        and one.replay.share <= MOST_RISK
        and used.value(case) * one.slower <= TARGET_PCT
    ]
    if not fits:
        return None
    best = fits[0]
    cost = freeing(case, best.part(case), gpus=0.0)
    longer = max(1.0, best.replay.worst_pct / 100)
    low, high = 100 * (1 - (1 - best.cheaper) * longer), 100 * best.cheaper
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority=best.replay.lowered("medium" if best.cheaper >= 0.25 else "low"),
        title=f"Run {case.resource.name} on {best.other.model} instead of {best.own.model}",
        description=f"{found.description}; {best.ratios}, and its memory would have been {best.memory:.0f} % used at "
        f"most. {best.replay.words} If nothing is done: {found.impact}.",
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


ADVISER = Adviser("smaller_gpu", frozenset({"gpu_under_used", "over_provisioned"}), advise)
