"""Before more is bought for a cluster whose jobs wait: is demand growing, or does a queue come and go?"""

import numpy as np

from plimsoll.analysis.optimization.advisers.add_replicas import SATURATED, busiest
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.reading import Reading, quantile_of
from plimsoll.analysis.optimization.terms import Part
from plimsoll.analysis.robust import Floats, absent
from plimsoll.analysis.trend import MINIMUM_DAYS, trend_of

_BAND = 0.3
_SELDOM = 0.25


def advise(case: Case, found: Found) -> Advice | None:
    """Growing (Mann-Kendall on two weeks): when its busy hours are full. Not growing, and the queue seldom: wait."""
    metric, per_hour = busiest(case), round(case.rows_per_hour)
    hours = MINIMUM_DAYS * 24
    if case.resource.type != "cluster" or metric is None or case.rows < hours * per_hour:
        return None
    row = case.readings[metric][-hours * per_hour :].reshape(hours, per_hour)
    trend = trend_of(absent(np.nanmean, row)[None, :])
    used, label, slope = quantile_of(metric, 0.95), trend.labels[0], float(trend.slope_per_day[0])
    if label == "increasing":
        return _buy(case, found, used, slope)
    if label is not None and found.share < _SELDOM and used.value(case) < 100 * SATURATED:
        return _wait(case, found)
    return None


def _buy(case: Case, found: Found, used: Reading, slope: float) -> Advice:
    days = max(0.0, 100.0 - used.value(case)) / slope
    low, high = days * (1 - _BAND), days * (1 + _BAND)
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Plan to buy for {case.resource.name}: what it is used for grows",
        description=f"{found.description}; its use rises by {slope:.1f} points a day over two weeks and is "
        f"{used.value(case):.0f} % in its busy hours. What takes longer to deliver is late: plimsoll capacity has the "
        f"dates and the choices. If nothing is done: {found.impact}.",
        improvement=f"{low:.0f} to {high:.0f} days until its busy hours are full",
        estimate=Estimate(
            low=low,
            middle=days,
            high=high,
            unit="days",
            formula="(100 % - 95th percentile of use) / Theil-Sen slope of two weeks, 30 % either way",
        ),
        inputs={"use, 95th percentile": used},
    )


def _wait(case: Case, found: Found) -> Advice | None:
    each = _hours_a_day(case, found)
    if each is None:
        return None
    low, middle, high = (float(np.quantile(each, q)) for q in (0.05, 0.5, 0.95))
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="low",
        title=f"Wait before buying for {case.resource.name}: what it is used for does not grow",
        description=f"{found.description}, {100 * found.share:.0f} % of the window; its use shows no trend. "
        "Move what can wait to other hours; look again when the queue lasts longer. "
        f"If nothing is done: {found.impact}, about as often as now.",
        improvement=f"a queue for {low:.1f} to {high:.1f} hours a day, as now",
        estimate=Estimate(
            low=low,
            middle=middle,
            high=high,
            unit="hours a day with a queue",
            formula="hours of each of the last 14 days in which it held: 5th, 50th and 95th percentile",
        ),
        cost="costs nothing",
        changes={"slurm": "sbatch --begin=22:00 job.sh   # jobs that can wait for the night"},
        instead_of=frozenset({"add_replicas", "larger_gpu"}),
    )


def _hours_a_day(case: Case, found: Found) -> Floats | None:
    """How long the queue lasted on each whole day of history."""
    seen = found.seen
    if not isinstance(seen, Reading) or seen.where is None:
        return None
    day = round(24 * case.rows_per_hour)
    days = case.rows // day
    held = seen.where.over(Part(case, slice(case.rows - days * day, None)))
    return np.asarray(held.reshape(days, day).sum(axis=1) * case.step_s / 3600, dtype=np.float64)


ADVISER = Adviser("buy_or_wait", frozenset({"queueing"}), advise)
