"""Fewer replicas by night: as many as each hour of the clock has needed, and a half more."""

import math

import numpy as np

from plimsoll.analysis.optimization.advisers.right_size import replay
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import freeing
from plimsoll.analysis.optimization.rules.quiet_hours import TARGET_PCT, longest, used_by_hour

MOST_RISK = 0.005


def advise(case: Case, found: Found) -> Advice | None:
    """The quiet hours on what they need; replayed on those hours: a step that would have been full counts."""
    units, used, busy = case.resource.replicas_count, used_by_hour(case), case.whole("gpu_utilization_pct")
    if not units or used is None or busy is None:
        return None
    start, hours = longest(used <= found.threshold)
    fewer = float(max(1, math.ceil(units * found.observed / TARGET_PCT)))
    per_hour, day = round(case.rows_per_hour), round(24 * case.rows_per_hour)
    days = busy[len(busy) % day :].reshape(-1, 24, per_hour)
    quiet = days[:, [(start + n) % 24 for n in range(hours)], :]
    known = quiet[~np.isnan(quiet)]
    while fewer < units and replay(known, units, fewer) > MOST_RISK:
        fewer += 1
    if fewer >= units:
        return None
    part = (units - fewer) / units * hours / 24
    bold = (units - max(1.0, fewer - 1)) / units * hours / 24
    cost = freeing(case, part)
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="low",
        title=f"Run {case.resource.name} on {fewer:g} replica{'' if fewer == 1 else 's'} for {hours} hours of each day",
        description=f"{found.description}. Replayed on {len(days)} days: {100 * replay(known, units, fewer):.2g} % of "
        f"those hours would have been full. If nothing is done: {found.impact}.",
        improvement=f"{100 * part:.0f} to {100 * bold:.0f} % fewer replica-hours",
        estimate=Estimate(
            low=100 * part,
            middle=100 * part,
            high=100 * bold,
            unit="%",
            formula="(replicas - needed) / replicas x quiet hours / 24; high: one replica less",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=units - fewer,
        risk=replay(known, units, fewer),
    )


ADVISER = Adviser("schedule_hours", frozenset({"quiet_hours"}), advise)
