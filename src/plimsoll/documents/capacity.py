"""The capacity document: pools, their days to the load line, decide-by dates, choices, and how far to trust them.

Shares are in percent of the pool's capacity, `units` in the pool's own unit. Dates are days in the project's time zone.
Null is unknown or "not within the horizon"; `state` says which. `docs/schemas/capacity.schema.json` is made from here.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from plimsoll.documents import Document, TimeRange
from plimsoll.documents.time_left import Left, TimeLeft, band_words, days_words, words

State = Literal[
    "over now", "crosses", "not within the horizon", "falling", "not enough history", "too irregular", "no data"
]
Inside = Literal["inside", "above", "below"]
Unit = Literal["GPUs", "replicas", "cores", "bytes"]
Action = Literal["nothing", "cap", "move", "add", "reclaim"]


class Amount(Document, frozen=True, kw_only=True):
    """An amount of a pool: in percent of its capacity and in its unit."""

    percent: float
    units: float


class Crossing(Document, frozen=True, kw_only=True):
    """When the load line is reached: early (P10), middle (P50), late (P90); null: not within the horizon.

    `hours` is the same to the tenth of an hour where a climb is what is forecast; null: the forecast is made by days.
    """

    early: str | None
    middle: str | None
    late: str | None
    early_days: int | None
    middle_days: int | None
    late_days: int | None
    hours: Left | None = None

    def words(self) -> str | None:
        """The middle crossing as every sentence has it; None: not within the horizon."""
        if self.hours is not None:
            return words(self.hours.hours)
        return None if self.middle_days is None else f"{self.middle_days} day{'s' if self.middle_days != 1 else ''}"

    def with_band(self, horizon: int) -> str | None:
        """The middle crossing and its band, as every table has them."""
        if self.hours is not None:
            return band_words(self.hours)
        if self.middle_days is None:
            return None
        return days_words(self.middle_days, self.early_days, self.late_days, horizon=horizon)


class DecideBy(Document, frozen=True, kw_only=True):
    """The last day to decide: early crossing less delivery less one review interval; `late` when it has passed."""

    date: str
    days: int
    late: bool
    delivery_days: float
    review_days: float


class Day(Document, frozen=True, kw_only=True):
    """One measured day: the level of its busy hours, in percent; null where too little was read."""

    date: str
    value: float | None


class DayAhead(Document, frozen=True, kw_only=True):
    """One forecast day with its 80 % band, in percent."""

    date: str
    value: float
    low: float
    high: float


class Backtest(Document, frozen=True, kw_only=True):
    """How the forecast did inside the history: `skill` against last week, share of outcomes inside the band."""

    method: str
    origins: int
    skill: float | None
    coverage: float | None


class Choice(Document, frozen=True, kw_only=True):
    """One thing that can be done about a pool.

    `room_until` is the middle crossing with it done (null: not within the horizon), `band_from` and `band_to` its 80 %
    band. `units` is how many of the pool's units are added, moved, reclaimed or given up; `to_pool` where they move. A
    cost of null is not known; `effective` is the first day on which it helps.
    """

    id: str
    action: Action
    title: str
    units: float
    to_pool: str | None
    room_until: str | None
    band_from: str | None
    band_to: str | None
    cost_usd_per_month: float | None
    risk: str
    effective: str
    recommended: bool


class PastForecast(Document, frozen=True, kw_only=True):
    """A forecast that has come due: `source` is `review` (it was published) or `backtest` (it would have been)."""

    pool: str
    source: Literal["review", "backtest"]
    made: str
    due: str
    forecast: float
    low: float
    high: float
    happened: float
    inside: Inside


class Promise(Document, frozen=True, kw_only=True):
    """A forecast as a review published it, to be kept until the day that it speaks of has passed."""

    pool: str
    made: str
    due: str
    forecast: float
    low: float
    high: float


class Trust(Document, frozen=True, kw_only=True):
    """How far to trust this: past forecasts against what happened; `mean_error` in points of percent."""

    past: list[PastForecast]
    inside: int
    of: int
    mean_error: float | None


class Pool(Document, frozen=True, kw_only=True):
    """Resources that can stand in for one another, as one line of the review.

    `line` is the load line, `now` the level of the last days, `room` what fits under the line. `growth_per_day`
    is in points a day, null without a trend; `full` is the day on which the middle forecast reaches 100 %.
    """

    id: str
    name: str
    unit: Unit
    metric: str
    resource_type: str | None
    region: str | None
    gpu_model: str | None
    group: str | None
    resources: list[str]
    capacity: float
    line: Amount
    now: Amount | None
    room: Amount | None
    growth_per_day: float | None
    state: State
    reason: str | None
    crossing: Crossing | None
    full: str | None
    decide_by: DecideBy | None
    backtest: Backtest | None
    history: list[Day]
    forecast: list[DayAhead]
    choices: list[Choice]
    dominated_choices: int
    time_left: TimeLeft | None = None


class ResourceRoom(Document, frozen=True, kw_only=True):
    """Days to the load line of one resource and metric.

    `now` is the last reading of what is held (memory, space), else the level of the busy hours of the last days;
    `level` says which.
    `time_left` is the forecast of a climb, the same that rules and advice speak of; null: it is no climb.
    """

    resource_id: str
    resource_name: str
    resource_type: str
    metric: str
    line: float
    now: float | None
    level: Literal["last reading", "busy hours"]
    in_14_days: float | None
    growth_per_day: float | None
    state: State
    crossing: Crossing | None
    time_left: TimeLeft | None = None


class Addition(Document, frozen=True, kw_only=True):
    """What a what-if adds to a pool (negative: takes away)."""

    pool: str
    units: float


class WhatIf(Document, frozen=True, kw_only=True):
    """The assumptions under which the document was computed; none of them: as measured."""

    demand_change_percent: float
    additions: list[Addition]


class NextDecision(Document, frozen=True, kw_only=True):
    """The soonest thing to decide."""

    pool: str
    date: str
    days: int
    late: bool


class Soonest(Document, frozen=True, kw_only=True):
    """The pool that reaches its line first."""

    pool: str
    date: str
    days: int


class CapacitySummary(Document, frozen=True, kw_only=True):
    """The numbers at the head of the review; `room_points` is the mean distance to the line in points of percent."""

    pools: int
    measured: int
    crossing: int
    over: int
    soonest: Soonest | None
    decide_by: NextDecision | None
    room_points: float | None
    cost_usd_per_month: float | None


class CapacityDocument(Document, frozen=True, kw_only=True):
    """What `plimsoll capacity --json` prints and `capacity.json` holds."""

    time_range: TimeRange
    horizon_days: int
    fleet: str
    what_if: WhatIf
    summary: CapacitySummary
    pools: list[Pool]
    resources: list[ResourceRoom]
    trust: Trust


def schema() -> dict[str, Any]:
    """The JSON Schema of the document (2020-12); `docs/schemas/capacity.schema.json` is this, in text."""
    made = msgspec.json.schema(CapacityDocument)
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Plimsoll capacity document"}
    return {**title, **made}


def promises(document: CapacityDocument, days_ahead: Sequence[int] = (7, 30)) -> list[Promise]:
    """What the document promises about certain days ahead, to be compared with what happens, in `Trust`.

    A what-if promises nothing.
    """
    if document.what_if.demand_change_percent or document.what_if.additions:
        return []
    return [
        Promise(
            pool=pool.id,
            made=pool.history[-1].date,
            due=pool.forecast[days - 1].date,
            forecast=pool.forecast[days - 1].value,
            low=pool.forecast[days - 1].low,
            high=pool.forecast[days - 1].high,
        )
        for pool in document.pools
        for days in days_ahead
        if pool.history and len(pool.forecast) >= days
    ]
