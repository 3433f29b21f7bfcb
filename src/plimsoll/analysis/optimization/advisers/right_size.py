"""Fewer GPUs or replicas: the smallest number that would have held the target through all of history."""

import math

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.commands import scale
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import freeing
from plimsoll.analysis.optimization.reading import quantile_of
from plimsoll.analysis.optimization.replay import Replay, replayed

TARGET_PCT = 65.0
CAUTIOUS, SAVING = 0.995, 0.95
MOST_RISK = 0.005
LEAST_DAYS = 7.0


def advise(case: Case, found: Found) -> Advice | None:
    """N' = ceil(n Q(utilisation) / target), Q cautious; replayed: each step that would have been over 100 % counts."""
    busy = case.whole("gpu_utilization_pct")
    units = case.resource.replicas_count or case.resource.gpu_count
    cautious, saving = (quantile_of("gpu_utilization_pct", q, rows="whole") for q in (CAUTIOUS, SAVING))
    if busy is None or not units or units < 2 or len(cautious.known(case)) < LEAST_DAYS * 24 * case.rows_per_hour:
        return None
    chosen = smallest(case, units, math.ceil(units * cautious.value(case) / TARGET_PCT))
    if chosen is None:
        return None
    fewer, replay = chosen
    bolder = min(fewer, max(1, math.ceil(units * saving.value(case) / TARGET_PCT)))
    part, cost = (units - fewer) / units, freeing(case, (units - fewer) / units)
    noun = "replicas" if case.resource.replicas_count else "GPUs"
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority=replay.lowered("medium" if part >= 0.25 else "low"),
        title=f"Run {case.resource.name} on {fewer} {noun} instead of {units:g}",
        description=f"{found.description}. {replay.words} If nothing is done, {units - fewer:g} {noun} stay unused.",
        improvement=f"{100 * part:.0f} % fewer {noun} (up to {100 * (units - bolder) / units:.0f} %)",
        estimate=Estimate(
            low=100 * part,
            middle=100 * part,
            high=100 * ((units - bolder) / units),
            unit="%",
            formula="1 - ceil(n Q(utilisation) / target) / n, Q from the 99.5th to the 95th percentile",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=units - fewer,
        replay=replay,
        changes=scale(case.resource, fewer) if noun == "replicas" else {"slurm": f"#SBATCH --gres=gpu:{fewer}"},
        inputs={"99.5th percentile": cautious, "95th percentile": saving},
    )


def smallest(case: Case, units: float, at_least: int) -> tuple[int, Replay] | None:
    """The smallest number from `at_least` on whose replay stays under half a per cent; None where none is smaller."""
    busy = case.whole("gpu_utilization_pct")
    for fewer in range(max(1, at_least), math.ceil(units)):
        replay = None if busy is None else replayed(busy * units / fewer, case.step_s)
        if replay is not None and replay.share <= MOST_RISK:
            return fewer, replay
    return None


ADVISER = Adviser("right_size", frozenset({"over_provisioned", "gpu_under_used"}), advise)
