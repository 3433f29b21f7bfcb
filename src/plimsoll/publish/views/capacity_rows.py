"""The rows of the capacity review: when to decide, pools, choices, past forecasts; values as they will be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from plimsoll.documents.capacity import CapacityDocument, Choice, PastForecast, Pool
from plimsoll.publish import formatting
from plimsoll.publish.drawing.capacity_charts import decision_lanes, pool_chart

_MOST_PAST = 8
_STATES = {"crosses": "critical", "over now": "critical", "falling": "ok"}


@dataclass(frozen=True, slots=True)
class Lane:
    """When to decide about one pool."""

    name: str
    drawing: Markup
    sentence: str


@dataclass(frozen=True, slots=True)
class PoolView:
    """One pool; `drawing` is None for calm pools beyond the first dozen."""

    name: str
    days: str
    css: str
    sentence: str
    drawing: Markup | None


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One thing that can be done."""

    id: str
    title: str
    recommended: bool
    room_until: str
    band: str
    cost: str
    risk: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be done about one pool."""

    name: str
    rows: Sequence[ChoiceRow]
    note: str


@dataclass(frozen=True, slots=True)
class PastRow:
    """One past forecast against what happened."""

    made: str
    pool: str
    source: str
    forecast: str
    band: str
    happened: str
    glyph: str
    css: str
    inside: str


def lanes(pools: Sequence[Pool]) -> list[Lane]:
    """One lane for each pool that has a day to decide by, on one axis."""
    drawings = decision_lanes(pools, [decision(pool) for pool in pools]) if pools else []
    return [Lane(formatting.name(p.name), d, decision(p)) for p, d in zip(pools, drawings, strict=True)]


def decision(pool: Pool) -> str:
    """When to decide, and when the line is crossed, in words."""
    if pool.decide_by is None or pool.crossing is None:
        return ""
    by = date.fromisoformat(pool.decide_by.date)
    crosses = "over now"
    if pool.crossing.middle_days:
        crosses = f"crosses {formatting.day(date.fromisoformat(pool.crossing.middle or pool.decide_by.date))}"
    return f"{'late: had to be decided' if pool.decide_by.late else 'decide'} {by:%a} {formatting.day(by)}, {crosses}"


def pool_view(pool: Pool, horizon_days: int, *, drawn: bool) -> PoolView:
    """One pool in words, and drawn if wanted."""
    sentence = _sentence(pool)
    days = _days(pool, horizon_days)
    label = f"{formatting.visible(pool.name)}: {sentence}; {days}"
    drawing = pool_chart(pool, label=label) if drawn else None
    return PoolView(formatting.name(pool.name), days, _STATES.get(pool.state, "ink2"), sentence, drawing)


def _days(pool: Pool, horizon_days: int) -> str:
    if pool.state == "crosses" and pool.crossing and pool.crossing.middle_days is not None:
        return pool.crossing.with_band(horizon_days) or pool.state
    return f"> {horizon_days} days" if pool.state == "not within the horizon" else pool.state


def _sentence(pool: Pool) -> str:
    capacity = formatting.size(pool.capacity, pool.unit)
    if pool.now is None:
        return f"{capacity}; too few readings yet"
    growth = pool.growth_per_day
    moving = "steady"
    if growth:
        moving = f"{'growing' if growth > 0 else 'falling'} {abs(growth):.2g} a day"
    if pool.reason:
        moving = f"no forecast, {pool.reason}"
    return f"{formatting.percent(pool.now.percent)} of {capacity} in use; {moving}"


def choices_of(pool: Pool) -> Choices:
    """What can be done about a pool."""
    hidden = pool.dominated_choices
    note = f"{formatting.plural(hidden, 'choice')} that another one beats in every respect left out." if hidden else ""
    return Choices(formatting.name(pool.name), [_choice(choice) for choice in pool.choices], note)


def _choice(choice: Choice) -> ChoiceRow:
    return ChoiceRow(
        choice.id,
        formatting.visible(choice.title),
        choice.recommended,
        until(choice.room_until, "beyond the horizon"),
        f"{until(choice.band_from, 'after it')} – {until(choice.band_to, 'after it')}",
        formatting.money(choice.cost_usd_per_month),
        formatting.visible(choice.risk),
    )


def until(text: str | None, unknown: str) -> str:
    """A day, or what no day means."""
    return formatting.day(date.fromisoformat(text)) if text else unknown


def past_rows(document: CapacityDocument) -> list[PastRow]:
    """The last of them: published ones before backtested ones, the newest first."""
    names = {pool.id: formatting.name(pool.name) for pool in document.pools}
    ordered = sorted(document.trust.past, key=lambda one: (one.source == "review", one.due, one.pool))
    return [_past(one, names.get(one.pool, formatting.name(one.pool))) for one in ordered[-_MOST_PAST:][::-1]]


def _past(one: PastForecast, pool: str) -> PastRow:
    inside = one.inside == "inside"
    return PastRow(
        made=formatting.day(date.fromisoformat(one.made)),
        pool=pool,
        source=one.source,
        forecast=f"{formatting.percent(one.forecast)} for {formatting.day(date.fromisoformat(one.due))}",
        band=f"{formatting.number(one.low)} – {formatting.number(one.high)}",
        happened=f"{formatting.percent(one.happened)}",
        glyph="✓" if inside else "▲" if one.inside == "above" else "▼",
        css="ok" if inside else "high",
        inside=one.inside,
    )
