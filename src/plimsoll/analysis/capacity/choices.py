"""What can be done about a pool that crosses: each choice recomputed with its own forecast, dominated ones hidden."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from plimsoll.analysis.capacity.line_crossing import first_over
from plimsoll.analysis.capacity.outlook import Ahead
from plimsoll.analysis.capacity.pools import PoolPlan
from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.analysis.capacity.wording import amount, day_words
from plimsoll.analysis.robust import Floats
from plimsoll.documents.capacity import Action, Choice

LEAST_SHARE_OF_NEED = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """A pool as `measured`, and `ahead` under the what-if; `capacity` holds what the what-if adds.

    `factor` is what the what-if makes of each level from now on.
    """

    plan: PoolPlan
    measured: Ahead
    ahead: Ahead
    capacity: float
    factor: float
    line: float

    @property
    def now(self) -> float | None:
        """The level of the last three days, under the what-if."""
        return None if self.measured.now is None else self.measured.now * self.factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A choice in numbers: from `effective` days on, each level is times `factor` and less `less` points."""

    action: Action
    title: str
    units: float
    risk: str
    harm: int
    effective: int
    factor: float = 1.0
    less: float = 0.0
    usd_per_month: float | None = 0.0
    to_pool: str | None = None

    def on(self, values: Floats) -> Floats:
        """The path or an edge of the band with the choice made."""
        changed = values.copy()
        changed[self.effective - 1 :] = np.maximum(values[self.effective - 1 :] * self.factor - self.less, 0.0)
        return changed

    def room(self, values: Floats, line: float) -> float:
        """Days until the line once the choice works; infinite beyond the horizon."""
        day = first_over(self.on(values), line, from_day=self.effective)
        return math.inf if day is None else day


def choices_for(
    pool: Measured, others: Sequence[Measured], settings: Capacity, *, reclaimable: float, today: date
) -> tuple[list[Choice], int]:
    """The choices worth showing, `nothing` first, and how many were hidden because another is better all round."""
    options = [
        option
        for option in (
            _nothing(pool, today),
            _cap(pool, settings),
            _reclaim(pool, reclaimable),
            _add(pool, settings, today),
            _move(pool, others),
        )
        if option is not None
    ]
    kept = [o for o in options if o.action == "nothing" or not any(_dominates(p, o, pool) for p in options)]
    best = _recommended(kept, pool)
    shown = [
        _choice(chr(ord("A") + place), option, pool, today, recommended=option is best)
        for place, option in enumerate(kept)
    ]
    return shown, len(options) - len(kept)


def _nothing(pool: Measured, today: date) -> Option:
    crossed = first_over(pool.ahead.path, pool.line)
    when = "now" if crossed is None or crossed <= 1 else f"from {day_words(today + timedelta(days=crossed))}"
    return Option(action="nothing", title="Nothing", units=0, risk=f"Over the line {when}", harm=3, effective=1)


def _cap(pool: Measured, settings: Capacity) -> Option:
    units = settings.cap_pct / 100 * _demand(pool)
    space = pool.plan.demand.unit == "bytes"
    left = amount(units, pool.plan.demand.unit)
    return Option(
        action="cap",
        title=f"Keep {settings.cap_pct:g} % less" if space else f"Cap demand {settings.cap_pct:g} % lower",
        units=units,
        risk=f"{left} have to be deleted, and stay so" if space else f"Work worth {left} waits",
        harm=2,
        effective=1,
        factor=1 - settings.cap_pct / 100,
    )


def _reclaim(pool: Measured, units: float) -> Option | None:
    if units <= 0:
        return None
    return Option(
        action="reclaim",
        title=f"Take back {amount(units, pool.plan.demand.unit)} that is not used",
        units=units,
        risk="Their holders may come back",
        harm=1,
        effective=1,
        less=100 * units / pool.capacity,
    )


def _add(pool: Measured, settings: Capacity, today: date) -> Option | None:
    """The smallest purchase that holds the middle forecast under the line to the end of the horizon."""
    unit, price = pool.plan.demand.unit, pool.plan.usd_per_unit_month
    effective = max(1, math.ceil(settings.delivery_days(unit)))
    if effective > len(pool.ahead.path):
        return None
    peak = float(pool.ahead.path[effective - 1 :].max())
    step = settings.gpus_step if unit == "GPUs" else 1.0 if unit in ("replicas", "cores") else pool.capacity / 20
    needed = pool.capacity * (peak / pool.line - 1)
    units = step * (math.floor(needed / step) + 1) if needed >= 0 else step
    crossed = first_over(pool.ahead.path, pool.line) or 0
    arrives = today + timedelta(days=effective)
    late = crossed < effective
    return Option(
        action="add",
        title=f"Add {amount(units, unit)} by {day_words(arrives if late else today + timedelta(days=crossed))}",
        units=units,
        risk=f"Over the line until {day_words(arrives)}" if late else "Delivery slips: cap meanwhile",
        harm=2 if late else 1,
        effective=effective,
        factor=pool.capacity / (pool.capacity + units),
        usd_per_month=None if price is None else units * price,
    )


def _move(pool: Measured, others: Sequence[Measured]) -> Option | None:
    """As much of the work as is over the line, to the pool of the same unit that has most room on its worst day."""
    unit = pool.plan.demand.unit
    if unit == "bytes":
        return None
    need = max(0.0, float(pool.ahead.path.max()) - pool.line + 1.0) / 100 * pool.capacity
    rooms = [(_room_units(other), other) for other in others if other.plan.demand.unit == unit and other is not pool]
    room, target = max(rooms, key=lambda pair: (pair[0], pair[1].plan.id), default=(0.0, pool))
    units = float(math.floor(min(math.ceil(need), room)))
    if units < max(1.0, LEAST_SHARE_OF_NEED * need):
        return None
    here, there = pool.plan.usd_per_unit_month, target.plan.usd_per_unit_month
    return Option(
        action="move",
        title=f"Move work worth {amount(units, unit)} to {target.plan.name}",
        units=units,
        risk="Other hardware may be slower" if _model(pool) != _model(target) else "Farther from its data",
        harm=2,
        effective=1,
        less=100 * units / pool.capacity,
        usd_per_month=None if here is None or there is None else units * (there - here),
        to_pool=target.plan.id,
    )


def _model(pool: Measured) -> str | None:
    return pool.plan.keys["gpu_model"]


def _room_units(pool: Measured) -> float:
    """What still fits under the line on the worst day of the horizon, by the upper edge of the band."""
    highest = float(np.nanmax(pool.ahead.high)) if not np.isnan(pool.ahead.high).all() else math.inf
    return max(0.0, (pool.line - max(highest, pool.now or 0.0)) / 100 * pool.capacity)


def _demand(pool: Measured) -> float:
    return float(pool.ahead.path[0]) / 100 * pool.capacity


def _dominates(one: Option, other: Option, pool: Measured) -> bool:
    """At least as good in room, cost and harm, and better in one. A cost that is not known is not compared."""
    if one is other or (one.usd_per_month is None) != (other.usd_per_month is None):
        return False
    room = (one.room(pool.ahead.path, pool.line), other.room(pool.ahead.path, pool.line))
    cost = (one.usd_per_month or 0.0, other.usd_per_month or 0.0)
    better = room[0] > room[1] or cost[0] < cost[1] or one.harm < other.harm
    return room[0] >= room[1] and cost[0] <= cost[1] and one.harm <= other.harm and better


def _recommended(options: Sequence[Option], pool: Measured) -> Option | None:
    """The longest room; of equals the cheapest, then the least harm. Doing nothing is never advice about a crossing."""

    def rank(option: Option) -> tuple[float, float, int]:
        cost = math.inf if option.usd_per_month is None else option.usd_per_month
        return -option.room(pool.ahead.path, pool.line), cost, option.harm

    return min((option for option in options if option.action != "nothing"), key=rank, default=None)


def _choice(letter: str, option: Option, pool: Measured, today: date, *, recommended: bool) -> Choice:
    def at(values: Floats) -> str | None:
        day = option.room(values, pool.line)
        return None if math.isinf(day) else (today + timedelta(days=int(day))).isoformat()

    return Choice(
        id=letter,
        action=option.action,
        title=option.title,
        units=round(option.units, 3),
        to_pool=option.to_pool,
        room_until=at(pool.ahead.path),
        band_from=at(pool.ahead.high),
        band_to=at(pool.ahead.low),
        cost_usd_per_month=None if option.usd_per_month is None else round(option.usd_per_month, 2),
        risk=option.risk,
        effective=(today + timedelta(days=option.effective)).isoformat(),
        recommended=recommended,
    )
