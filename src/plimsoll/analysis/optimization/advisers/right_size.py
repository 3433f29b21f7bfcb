"""Fewer GPUs or replicas: the smallest number that would have held the target through all of history."""

import math

import numpy as np

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import freeing
from plimsoll.analysis.robust import Floats

TARGET_PCT = 65.0
CAUTIOUS, SAVING = 0.995, 0.95
MOST_RISK = 0.005
LEAST_DAYS = 7.0


def advise(case: Case, found: Found) -> Advice | None:
    """N' = ceil(n Q(utilisation) / target), Q cautious; replayed: each step that would have been over 100 % counts."""
    busy = case.whole("gpu_utilization_pct")
    units = case.resource.replicas_count or case.resource.gpu_count
    if busy is None or not units or units < 2:
        return None
    known = busy[~np.isnan(busy)]
    if len(known) < LEAST_DAYS * 24 * case.rows_per_hour:
        return None
    fewer = max(1, math.ceil(units * float(np.quantile(known, CAUTIOUS)) / TARGET_PCT))
    bolder = max(1, math.ceil(units * float(np.quantile(known, SAVING)) / TARGET_PCT))
    while fewer < units and replay(known, units, fewer) > MOST_RISK:
        fewer += 1
    if fewer >= units:
        return None
    risk, part = replay(known, units, fewer), (units - fewer) / units
    cost = freeing(case, part)
    noun = "replicas" if case.resource.replicas_count else "GPUs"
    worst = float(known.max()) * units / fewer
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium" if part >= 0.25 and risk == 0 else "low",
        title=f"Run {case.resource.name} on {fewer} {noun} instead of {units:g}",
        description=f"{found.description}. Replayed on {len(known) * case.step_s / 86_400:.0f} days: {100 * risk:.2g} %"
        f" of the time it would have been full, {worst:.0f} % used at the worst moment. If nothing is done, "
        f"{units - fewer:g} {noun} stay unused.",
        improvement=f"{100 * part:.0f} % fewer {noun} (up to {100 * (units - min(bolder, fewer)) / units:.0f} %)",
        estimate=Estimate(
            low=100 * part,
            middle=100 * part,
            high=100 * (units - min(bolder, fewer)) / units,
            unit="%",
            formula="1 - ceil(n Q(utilisation) / target) / n, Q from the 99.5th to the 95th percentile",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=units - fewer,
        risk=risk,
        change=f"kubectl scale deployment/{case.resource.resource_id} --replicas={fewer}"
        if noun == "replicas"
        else f"#SBATCH --gres=gpu:{fewer}",
    )


def replay(known: Floats, units: float, fewer: float) -> float:
    """The share of history in which fewer units would have been full.

    >>> replay(np.array([40.0, 60.0, 80.0, 20.0]), 4, 3)
    0.25
    """
    return float(np.mean(known * units / fewer > 100.0))


ADVISER = Adviser("right_size", frozenset({"over_provisioned", "gpu_under_used"}), advise)
