"""The head of the review, and how far to trust it."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from plimsoll.analysis.capacity.choices import Measured
from plimsoll.documents.capacity import (
    CapacitySummary,
    Inside,
    NextDecision,
    PastForecast,
    Pool,
    Promise,
    Soonest,
    Trust,
)


def summary_of(pools: Sequence[Pool]) -> CapacitySummary:
    """The counts, the first to cross, the first to decide, the mean room, the price of what is recommended."""
    rooms = [pool.room.percent for pool in pools if pool.room is not None]
    return CapacitySummary(
        pools=len(pools),
        measured=sum(pool.now is not None for pool in pools),
        crossing=sum(pool.state == "crosses" for pool in pools),
        over=sum(pool.state == "over now" for pool in pools),
        soonest=_soonest(pools),
        decide_by=_next_decision(pools),
        room_points=round(sum(rooms) / len(rooms), 2) if rooms else None,
        cost_usd_per_month=_cost(pools),
    )


def _soonest(pools: Sequence[Pool]) -> Soonest | None:
    found = [
        Soonest(pool=pool.id, date=pool.crossing.middle, days=pool.crossing.middle_days)
        for pool in pools
        if pool.crossing and pool.crossing.middle is not None and pool.crossing.middle_days is not None
    ]
    return min(found, key=lambda one: (one.days, one.pool), default=None)


def _next_decision(pools: Sequence[Pool]) -> NextDecision | None:
    found = [
        NextDecision(pool=pool.id, date=pool.decide_by.date, days=pool.decide_by.days, late=pool.decide_by.late)
        for pool in pools
        if pool.decide_by
    ]
    return min(found, key=lambda one: (one.days, one.pool), default=None)


def _cost(pools: Sequence[Pool]) -> float | None:
    """What the recommended choices cost a month together; None if one of them has no known price."""
    costs = [choice.cost_usd_per_month for pool in pools for choice in pool.choices if choice.recommended]
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 2) if len(known) == len(costs) else None


def trust_of(pools: Sequence[Measured], today: date, promises: Sequence[Promise]) -> Trust:
    """Published forecasts that have come due; for pools that have none, what would have been published."""
    past = [one for pool in pools for promise in promises if (one := _come_due(promise, pool, today)) is not None]
    reviewed = {one.pool for one in past}
    for pool in pools:
        if pool.plan.id not in reviewed:
            past += _backtested(pool, today)
    past.sort(key=lambda one: (one.pool, one.made, one.due))
    errors = [abs(one.happened - one.forecast) for one in past]
    return Trust(
        past=past,
        inside=sum(one.inside == "inside" for one in past),
        of=len(past),
        mean_error=round(sum(errors) / len(errors), 2) if errors else None,
    )


def _come_due(promise: Promise, pool: Measured, today: date) -> PastForecast | None:
    """The promise against what was measured on its day; None while that day is ahead, or was not measured."""
    ago = (today - date.fromisoformat(promise.due)).days
    levels = pool.measured.history
    if promise.pool != pool.plan.id or not 0 <= ago < len(levels) or np.isnan(levels[-1 - ago]):
        return None
    happened = float(levels[-1 - ago])
    return PastForecast(
        pool=promise.pool,
        source="review",
        made=promise.made,
        due=promise.due,
        forecast=promise.forecast,
        low=promise.low,
        high=promise.high,
        happened=round(happened, 2),
        inside=inside(happened, promise.low, promise.high),
    )


def _backtested(pool: Measured, today: date) -> list[PastForecast]:
    if pool.measured.withheld is not None:
        return []
    return [
        PastForecast(
            pool=pool.plan.id,
            source="backtest",
            made=(today - timedelta(days=tried.made_back)).isoformat(),
            due=(today - timedelta(days=tried.due_back)).isoformat(),
            forecast=round(tried.forecast, 2),
            low=round(tried.low, 2),
            high=round(tried.high, 2),
            happened=round(tried.happened, 2),
            inside=inside(tried.happened, tried.low, tried.high),
        )
        for tried in pool.measured.tried
    ]


def inside(happened: float, low: float, high: float) -> Inside:
    """Where an outcome fell.

    >>> inside(67.4, 58.0, 66.0)
    'above'
    """
    if happened > high:
        return "above"
    return "below" if happened < low else "inside"
