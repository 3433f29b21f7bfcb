"""Before more is bought for a cluster whose jobs wait: is demand growing, or does a queue come and go?"""

import numpy as np

from plimsoll.analysis.advice.model import Advice, Adviser, Estimate
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.advice.queueing import SATURATED, busiest
from plimsoll.analysis.bottlenecks.expressions.measures import Reading, quantile_of
from plimsoll.analysis.bottlenecks.expressions.terms import GridSlice
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.robust import Floats, absent
from plimsoll.analysis.trend import MINIMUM_DAYS, trend_of

_BAND = 0.3
_SELDOM = 0.25


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """Growing (Mann-Kendall on two weeks): when its busy hours are full. Not growing, and the queue seldom: wait."""
    metric, per_hour = busiest(window), round(window.rows_per_hour)
    hours = MINIMUM_DAYS * 24
    if window.resource.type != "cluster" or metric is None or window.rows < hours * per_hour:
        return None
    row = window.readings[metric][-hours * per_hour :].reshape(hours, per_hour)
    trend = trend_of(absent(np.nanmean, row)[None, :])
    used, label, slope = quantile_of(metric, 0.95), trend.labels[0], float(trend.slope_per_day[0])
    if label == "increasing":
        return _buy(window, bottleneck, used, slope)
    if label is not None and bottleneck.share < _SELDOM and used.value(window) < 100 * SATURATED:
        return _wait(window, bottleneck)
    return None


def _buy(window: ResourceWindow, bottleneck: Bottleneck, used: Reading, slope: float) -> Advice:
    days = max(0.0, 100.0 - used.value(window)) / slope
    low, high = days * (1 - _BAND), days * (1 + _BAND)
    return Advice(
        priority="medium",
        title=f"Plan to buy for {window.resource.name}: what it is used for grows",
        description=f"{bottleneck.description}; its use rises by {slope:.1f} points a day over two weeks and is "
        f"{used.value(window):.0f} % in its busy hours. What takes longer to deliver is late: plimsoll capacity "
        f"has the "
        f"dates and the choices. If nothing is done: {bottleneck.impact}.",
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


def _wait(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    each = _hours_a_day(window, bottleneck)
    if each is None:
        return None
    low, middle, high = (float(np.quantile(each, q)) for q in (0.05, 0.5, 0.95))
    return Advice(
        priority="low",
        title=f"Wait before buying for {window.resource.name}: what it is used for does not grow",
        description=f"{bottleneck.description}, {100 * bottleneck.share:.0f} % of the window; its use shows no trend. "
        "Move what can wait to other hours; look again when the queue lasts longer. "
        f"If nothing is done: {bottleneck.impact}, about as often as now.",
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


def _hours_a_day(window: ResourceWindow, bottleneck: Bottleneck) -> Floats | None:
    """How long the queue lasted on each whole day of history."""
    measure = bottleneck.measure
    if not isinstance(measure, Reading) or measure.where is None:
        return None
    day = round(24 * window.rows_per_hour)
    days = window.rows // day
    true_at = measure.where.over(GridSlice(window, slice(window.rows - days * day, None)))
    return np.asarray(true_at.reshape(days, day).sum(axis=1) * window.step_s / 3600, dtype=np.float64)


ADVISER = Adviser(
    name="buy_or_wait",
    answers=frozenset({"queueing"}),
    advise=advise,
    wants=Preconditions(measured=(("gpu_utilization_pct",),), acts_on=frozenset({"node"})),
)
