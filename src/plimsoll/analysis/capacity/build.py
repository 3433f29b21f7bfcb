"""Hourly readings, inventory, lines and settings -> the capacity document and the evidence behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from plimsoll.analysis.capacity.choices import Measured, choices_for
from plimsoll.analysis.capacity.levels import HOURS_A_DAY, LEAST_CAPACITY_SHARE, hours_of, pooled
from plimsoll.analysis.capacity.line_crossing import Days, crossing, days_to, decide_by, first_over, state_of
from plimsoll.analysis.capacity.outlook import Ahead, ahead_of
from plimsoll.analysis.capacity.pools import DEMANDS, PoolPlan, line_of, pools_of
from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.analysis.capacity.summary import summary_of, trust_of
from plimsoll.analysis.climb import Climb, Levels
from plimsoll.clock import floor, rfc3339
from plimsoll.documents import Evidence, TimeRange
from plimsoll.documents.capacity import (
    Addition,
    Amount,
    Backtest,
    CapacityDocument,
    Choice,
    Day,
    DayAhead,
    Pool,
    Promise,
    ResourceRoom,
    WhatIf,
)
from plimsoll.documents.evidence import ForecastDetail
from plimsoll.errors import BadParameter, UnknownName, nearest
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource
from plimsoll.metrics import CATALOGUE, Component, document_name
from plimsoll.units import Unit

_ROOM_COMPONENTS = (Component.CPU, Component.MEMORY, Component.GPU, Component.STORAGE, Component.NETWORK)
_KEPT = ("memory_utilization_pct",)
"""What is held and not worked off: it has a level now, and no busy hours."""
_NOT_ON_ITS_OWN = ("over now", "crosses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: how far ahead, and under which assumptions. `reclaimable` is idle demand by pool id, in units."""

    as_of: datetime
    zone: ZoneInfo
    fleet: str
    horizon_days: int = 60
    demand_change_percent: float = 0.0
    additions: Mapping[str, float] = field(default_factory=dict[str, float])
    reclaimable: Mapping[str, float] = field(default_factory=dict[str, float])
    promises: Sequence[Promise] = ()

    @property
    def end(self) -> datetime:
        """The end of the last whole hour that was read."""
        return floor(self.as_of, 3600)

    @property
    def today(self) -> date:
        """The day that `day 0` is called by."""
        return self.as_of.astimezone(self.zone).date()


def metrics_read(lines: Mapping[str, LoadLine]) -> tuple[str, ...]:
    """The columns of `samples` that the document needs beside ts, resource_id and device."""
    return tuple(dict.fromkeys((*(demand.metric for demand in DEMANDS), *_room_metrics(lines))))


def capacity(
    samples: pl.LazyFrame,
    resources: Sequence[Resource],
    *,
    question: Question,
    lines: Mapping[str, LoadLine],
    settings: Capacity,
    levels: Levels | None = None,
) -> tuple[CapacityDocument, list[Evidence]]:
    """The review of the fleet as of an instant.

    in: `samples` with ts, resource_id, device and `metrics_read`, over the settings' history; `levels` are the last
    readings and the climbs that the rules of the same instant speak of
    """
    days = round(settings.history / 86400)
    readings, days = hours_of(samples, resources, metrics_read(lines), end=question.end, days=days)
    plans = pools_of(resources, lines.values(), settings)
    _refuse_unknown_pools(question, plans)
    rooms = [
        (resource, metric, line)
        for resource in resources
        for metric in _room_metrics(lines)
        if (line := line_of(metric, resource, lines.values())) is not None and resource.resource_id in readings[metric]
    ]
    hours = days * HOURS_A_DAY
    series = [pooled(readings[plan.demand.metric], plan.capacities, hours=hours) for plan in plans]
    series += [readings[metric][resource.resource_id] for resource, metric, _ in rooms]
    fills = [plan.demand.unit == "bytes" for plan in plans]
    fills += [CATALOGUE[metric].component == Component.STORAGE for _, metric, _ in rooms]
    kept = [False for _ in plans] + [metric in _KEPT for _, metric, _ in rooms]
    outlooks = ahead_of(
        series, fills=fills, horizon_days=question.horizon_days, busy_quantile=settings.busy_quantile, kept=kept
    )
    now = levels or Levels()
    known = [_pool_now(now, plan) for plan in plans] + [
        _room_now(now, resource, metric) for resource, metric, _ in rooms
    ]
    outlooks = [
        ahead.known_now(last, climb, question.horizon_days)
        for ahead, (last, climb) in zip(outlooks, known, strict=True)
    ]
    measured = [_measured(plan, ahead, question) for plan, ahead in zip(plans, outlooks, strict=False)]
    pools = [_pool(pool, measured, question, settings) for pool in measured]
    span = TimeRange(start=rfc3339(question.end - timedelta(days=days)), end=rfc3339(question.end), granularity="1d")
    document = CapacityDocument(
        time_range=span,
        horizon_days=question.horizon_days,
        fleet=question.fleet,
        what_if=WhatIf(
            demand_change_percent=question.demand_change_percent,
            additions=[Addition(pool=pool, units=units) for pool, units in sorted(question.additions.items())],
        ),
        summary=summary_of(pools),
        pools=pools,
        resources=[_room(*room, ahead, question) for room, ahead in zip(rooms, outlooks[len(plans) :], strict=True)],
        trust=trust_of(measured, question.today, question.promises),
    )
    return document, [_evidence(pool, span) for pool in pools]


def _room_now(now: Levels, resource: Resource, metric: str) -> tuple[float | None, Climb | None]:
    return now.last.get((resource.resource_id, metric)), now.climbs.get((resource.resource_id, metric))


def _pool_now(now: Levels, plan: PoolPlan) -> tuple[float | None, Climb | None]:
    """A pool of one volume is the volume; of several, their last readings by size. Demand has no now: see `Ahead`."""
    if plan.demand.unit != "bytes":
        return None, None
    metric = plan.demand.metric
    if len(plan.capacities) == 1:
        (name,) = plan.capacities
        return now.last.get((name, metric)), now.climbs.get((name, metric))
    read = {name: now.last[name, metric] for name in plan.capacities if (name, metric) in now.last}
    size = sum(plan.capacities[name] for name in read)
    if size < LEAST_CAPACITY_SHARE * plan.capacity or not size:
        return None, None
    return sum(level * plan.capacities[name] for name, level in read.items()) / size, None


def _room_metrics(lines: Mapping[str, LoadLine]) -> tuple[str, ...]:
    """Utilizations with a load line above them."""
    return tuple(
        dict.fromkeys(
            line.metric
            for line in lines.values()
            if line.above is not None
            and CATALOGUE[line.metric].unit == Unit.PERCENT
            and CATALOGUE[line.metric].component in _ROOM_COMPONENTS
        )
    )


def _refuse_unknown_pools(question: Question, plans: Sequence[PoolPlan]) -> None:
    known = {plan.id: plan for plan in plans}
    for pool, units in question.additions.items():
        if pool not in known:
            near = nearest(pool, known)
            raise UnknownName("--add", pool, allowed=[near] if near else sorted(known), why="is not a pool")
        if known[pool].capacity + units <= 0:
            raise BadParameter("--add", f"{pool}={units:g}", why="takes away more than the pool has")


def _measured(plan: PoolPlan, ahead: Ahead, question: Question) -> Measured:
    total = plan.capacity + question.additions.get(plan.id, 0.0)
    more, larger = 1 + question.demand_change_percent / 100, plan.capacity / total
    if plan.demand.unit == "bytes":  # more demand writes faster; what is stored is not more
        changed = ahead.grown(more) if more != 1 else ahead
        return Measured(plan, ahead, changed.scaled(larger) if larger != 1 else changed, total, larger, plan.line_pct)
    factor = more * larger
    return Measured(plan, ahead, ahead.scaled(factor) if factor != 1 else ahead, total, factor, plan.line_pct)


def _pool(pool: Measured, others: Sequence[Measured], question: Question, settings: Capacity) -> Pool:
    plan, ahead = pool.plan, pool.ahead
    state = state_of(ahead, pool.line, factor=pool.factor)
    urgent = state in _NOT_ON_ITS_OWN
    days = Days(0, 0, 0) if state == "over now" else days_to(ahead, pool.line)
    shown = not np.isnan(ahead.path).any() and len(ahead.path) > 0
    listed: list[Choice] = []
    hidden = 0
    if urgent and shown:
        units = question.reclaimable.get(plan.id, 0.0)
        listed, hidden = choices_for(pool, others, settings, reclaimable=units, today=question.today)
    full = first_over(ahead.path, 100.0) if shown else None
    return Pool(
        id=plan.id,
        name=plan.name,
        unit=plan.demand.unit,
        metric=document_name(plan.demand.metric),
        resource_type=plan.keys["type"],
        region=plan.keys["region"],
        gpu_model=plan.keys["gpu_model"],
        group=plan.keys["group"],
        resources=list(plan.capacities),
        capacity=pool.capacity,
        line=_amount(pool.line, pool.capacity),
        now=None if pool.now is None else _amount(pool.now, pool.capacity),
        room=None if pool.now is None else _amount(pool.line - pool.now, pool.capacity),
        growth_per_day=_rounded(ahead.growth_per_day),
        state=state,
        reason=ahead.withheld,
        crossing=crossing(days, question.today) if urgent else None,
        full=None if full is None else (question.today + timedelta(days=full)).isoformat(),
        decide_by=decide_by(
            days,
            question.today,
            delivery_days=settings.delivery_days(plan.demand.unit),
            review_days=settings.review_interval / 86400,
        )
        if urgent
        else None,
        backtest=_backtest(ahead),
        history=_history(ahead, question.today),
        forecast=_forecast(ahead, question.today) if shown else [],
        choices=listed,
        dominated_choices=hidden,
        time_left=ahead.climb.time_left(now=pool.now, line=pool.line) if ahead.climb else None,
    )


def _amount(percent: float, capacity_units: float) -> Amount:
    return Amount(percent=round(percent, 2), units=round(percent / 100 * capacity_units, 3))


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def _backtest(ahead: Ahead) -> Backtest | None:
    if not ahead.tried:
        return None
    return Backtest(
        method=ahead.method,
        origins=len({tried.made_back for tried in ahead.tried}),
        skill=_rounded(ahead.skill),
        coverage=_rounded(ahead.coverage),
    )


def _history(ahead: Ahead, today: date) -> list[Day]:
    last = len(ahead.history) - 1
    return [
        Day(
            date=(today - timedelta(days=last - index)).isoformat(),
            value=None if np.isnan(value) else round(float(value), 2),
        )
        for index, value in enumerate(ahead.history)
    ]


def _forecast(ahead: Ahead, today: date) -> list[DayAhead]:
    return [
        DayAhead(
            date=(today + timedelta(days=day)).isoformat(),
            value=round(float(value), 2),
            low=round(float(low), 2),
            high=round(float(high), 2),
        )
        for day, (value, low, high) in enumerate(zip(ahead.path, ahead.low, ahead.high, strict=True), 1)
    ]


def _room(resource: Resource, metric: str, line: float, ahead: Ahead, question: Question) -> ResourceRoom:
    more = 1 + question.demand_change_percent / 100
    stored = CATALOGUE[metric].component == Component.STORAGE
    ahead, factor = (ahead.grown(more), 1.0) if stored else (ahead.scaled(more), more)
    state = state_of(ahead, line, factor=factor)
    days = Days(0, 0, 0) if state == "over now" else days_to(ahead, line)
    fortnight = float(ahead.path[min(14, len(ahead.path)) - 1])
    return ResourceRoom(
        resource_id=resource.resource_id,
        resource_name=resource.name,
        resource_type=resource.type,
        metric=document_name(metric),
        line=line,
        now=None if ahead.now is None else round(ahead.now * factor, 2),
        level="last reading" if stored or metric in _KEPT else "busy hours",
        in_14_days=None if np.isnan(fortnight) else round(min(fortnight, 100.0), 2),
        growth_per_day=_rounded(ahead.growth_per_day),
        state=state,
        crossing=crossing(days, question.today) if state in _NOT_ON_ITS_OWN else None,
        time_left=ahead.climb.time_left(now=None if ahead.now is None else ahead.now * factor, line=line)
        if ahead.climb
        else None,
    )


def _evidence(pool: Pool, span: TimeRange) -> Evidence:
    return Evidence(
        subject=f"capacity.{pool.id}",
        rule="days to the load line",
        window=span,
        observed=pool.now.percent if pool.now else None,
        threshold=pool.line.percent,
        unit="%",
        samples=sum(day.value is not None for day in pool.history),
        detail=ForecastDetail(
            state=pool.state,
            method=pool.time_left.method if pool.time_left else pool.backtest.method if pool.backtest else None,
            skill=pool.backtest.skill if pool.backtest else None,
            coverage=pool.backtest.coverage if pool.backtest else None,
            reason=pool.reason,
        ),
    )
