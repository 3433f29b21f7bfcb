"""The capacity document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from plimsoll.analysis.capacity import build as analysis
from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.clock import duration_s, rfc3339
from plimsoll.config.engine import Plimsoll, zone
from plimsoll.documents import Evidence, TimeRange
from plimsoll.documents.capacity import CapacityDocument, Promise
from plimsoll.documents.evidence import ResolutionDetail
from plimsoll.errors import BadParameter, shown
from plimsoll.events import timed
from plimsoll.lake import LongHistory, read_long_history
from plimsoll.queries.context import QueryContext
from plimsoll.queries.levels import levels

LONGEST_HORIZON_DAYS = 365
_SIZES = {"": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15}


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityQuery:
    """A checked question for the capacity document."""

    horizon_days: int = 60
    demand_change_percent: float = 0.0
    additions: Mapping[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def parse(cls, *, horizon: str = "60d", demand: str | None = None, add: Sequence[str] = ()) -> "CapacityQuery":
        """Checks each parameter; several `add` for one pool add up.

        >>> CapacityQuery.parse(demand="+30%", add=["us-east-1/h100=8", "ckpt-store=100TB"]).additions
        {'us-east-1/h100': 8.0, 'ckpt-store': 100000000000000.0}
        """
        days = duration_s(horizon, name="horizon") / 86400
        if not 7 <= days <= LONGEST_HORIZON_DAYS:
            raise BadParameter("horizon", horizon, why=f"is outside 7d to {LONGEST_HORIZON_DAYS}d")
        additions: dict[str, float] = {}
        for text in add:
            pool, units = _addition(text)
            additions[pool] = additions.get(pool, 0.0) + units
        return cls(horizon_days=int(days), demand_change_percent=_change(demand), additions=additions)


@timed("queries", "answered", document="capacity")
def capacity(
    sources: QueryContext, query: CapacityQuery, *, promises: Sequence[Promise] = ()
) -> tuple[CapacityDocument, list[Evidence]]:
    """Forecasts, days to the load line, decide-by dates and choices.

    `promises` are what earlier reviews published (`ledger.Promises.due`); those that have come due are compared with
    what happened. A review that is published keeps its own: `Promises.keep(capacity_document.promises(document))`.
    """
    settings = sources.settings("capacity", Capacity)
    lines = sources.lines()
    question = analysis.Question(
        as_of=sources.as_of,
        zone=_zone(sources),
        fleet=sources.fleet,
        horizon_days=query.horizon_days,
        demand_change_percent=query.demand_change_percent,
        additions=query.additions,
        promises=promises,
    )
    start = question.end - timedelta(seconds=settings.history)
    memory = read_long_history(
        sources.snapshot, analysis.metrics_read(lines), start=start, end=question.end, resource_ids=None
    )
    document, evidence = analysis.capacity(
        memory.rows,
        sources.current(sources.priced()),
        question=question,
        lines=lines,
        settings=settings,
        levels=levels(sources),
    )
    return document, [*evidence, _resolution(memory, start, question.end), *sources.damage(start, question.end, "1h")]


def _resolution(memory: LongHistory, start: datetime, end: datetime) -> Evidence:
    """Which days were read as readings, and which as the hourly means that outlive them."""
    return Evidence(
        subject="lake.resolution",
        rule="readings where they are kept, else hourly means",
        window=TimeRange(start=rfc3339(start), end=rfc3339(end), granularity="1h"),
        observed=float(len(memory.raw)),
        threshold=None,
        unit="days",
        samples=len(memory.raw) + len(memory.hourly),
        detail=ResolutionDetail(
            readings=[day.isoformat() for day in (*memory.raw[:1], *memory.raw[-1:])],
            hourly_means=[day.isoformat() for day in (*memory.hourly[:1], *memory.hourly[-1:])],
        ),
    )


def _zone(sources: QueryContext) -> ZoneInfo:
    return zone(sources.settings("plimsoll", Plimsoll).timezone)


def _change(text: str | None) -> float:
    """A signed share of today's demand, in percent."""
    if text is None:
        return 0.0
    number = text.strip().removesuffix("%")
    try:
        percent = float(number)
    except ValueError as error:
        raise BadParameter("demand", text, why="is not a change of demand; write it as +30% or -10%") from error
    if not text.strip().endswith("%") or not -100 < percent <= 1000:
        raise BadParameter("demand", text, why="is not a change of demand from -99% to +1000%; write it as +30%")
    return percent


def _addition(text: str) -> tuple[str, float]:
    """`pool=8`, `pool=-4`, `volume=100TB`."""
    pool, _, size = text.rpartition("=")
    digits = size.lower().rstrip("bgkmpt")
    unit = size.lower()[len(digits) :]
    try:
        units = float(digits) * _SIZES[unit]
    except (ValueError, KeyError) as error:
        raise _not_an_addition(text) from error
    if not pool or not -1e18 < units < 1e18 or units == 0:
        raise _not_an_addition(text)
    return pool, units


def _not_an_addition(text: str) -> BadParameter:
    return BadParameter("--add", shown(text), why="is not POOL=UNITS; write us-east-1/h100=8 or ckpt-store=100TB")
