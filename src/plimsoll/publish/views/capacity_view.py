"""What the capacity review says: plain frozen values, every word and number already as it will be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from markupsafe import Markup

from plimsoll.documents.capacity import CapacityDocument, Soonest
from plimsoll.documents.report_kinds import CAPACITY
from plimsoll.publish import formatting
from plimsoll.publish.drawing.svg import MARK
from plimsoll.publish.theme import GLYPHS
from plimsoll.publish.views import capacity_rows as rows
from plimsoll.publish.views import outlook_text
from plimsoll.publish.views.capacity_verdict import judge, since, urgency
from plimsoll.publish.views.notices import of_making
from plimsoll.publish.views.provenance import Column, made_by
from plimsoll.publish.views.report_input import CapacityInput
from plimsoll.publish.views.tiles import Tile
from plimsoll.publish.views.verdict import Verdict

_MOST_CHARTS = 12
_MOST_CHOICES = 3
_ENOUGH_PAST = 20
"""Of six forecasts five may lie in a band by chance: below this many the bands are not judged."""


@dataclass(frozen=True, slots=True)
class CapacityView:
    """A whole review."""

    kind: str
    fleet: str
    window: str
    verdict: Verdict
    since: str
    notices: Sequence[str]
    tiles: Sequence[Tile]
    lanes: Sequence[rows.Lane]
    pools: Sequence[rows.PoolView]
    pools_title: str
    calm: Sequence[rows.PoolView]
    choices: Sequence[rows.Choices]
    no_choice: str
    past: Sequence[rows.PastRow]
    trust: str
    provenance: Sequence[Column]
    mark: Markup


def capacity_view(review: CapacityInput, *, document_sha256: str) -> CapacityView:
    """The view of a review; `document_sha256` is that of `capacity.json` published beside it."""
    document = review.document
    ordered = sorted(document.pools, key=urgency)
    deciding = [pool for pool in ordered if pool.decide_by and pool.crossing]
    drawn = [pool for pool in ordered if pool.history][:_MOST_CHARTS]
    calm = [pool for pool in ordered if pool not in drawn]
    days = max((len(pool.history) for pool in ordered), default=0)
    today = review.as_of.astimezone(ZoneInfo(review.zone)).date()
    return CapacityView(
        kind=CAPACITY.title,
        fleet=document.fleet,
        window=(
            f"{formatting.plural(days, 'day')} to {formatting.day(today)} {today:%Y}, "
            f"{document.horizon_days} days ahead"
        ),
        verdict=judge(document, today),
        since=since(document, review.previous),
        notices=[*_assumed(review), *of_making(review.made, CAPACITY.name, ZoneInfo(review.zone))],
        tiles=_tiles(review),
        lanes=rows.lanes(deciding),
        pools=[rows.pool_view(pool, document.horizon_days, drawn=True) for pool in drawn],
        pools_title=f"{formatting.plural(len(ordered), 'pool')}, one line each",
        calm=[rows.pool_view(pool, document.horizon_days, drawn=False) for pool in calm],
        choices=[rows.choices_of(pool) for pool in ordered if pool.choices][:_MOST_CHOICES],
        no_choice=_no_choice(document),
        past=rows.past_rows(document),
        trust=_trust(review),
        provenance=_provenance(review, document_sha256),
        mark=MARK,
    )


def _no_choice(document: CapacityDocument) -> str:
    """What is said where there is nothing to choose; ticked off only where every pool could be forecast."""
    forecast, without = outlook_text.counted(document.pools)
    if not forecast:
        why = "too little history to forecast any pool" if without else "no pool has enough readings"
        return f"{GLYPHS['silent']} Not judged: {why}."
    unread = len(document.pools) - forecast - without
    if without or unread:
        return f"{GLYPHS['silent']} No pool with a forecast needs a choice; {without + unread} have none."
    return f"{GLYPHS['ok']} Nothing to choose: no pool reaches its load line."


def _assumed(review: CapacityInput) -> list[str]:
    """A what-if is never taken for a measurement."""
    assumed = review.document.what_if
    parts = [f"demand {assumed.demand_change_percent:+g} %"] if assumed.demand_change_percent else []
    parts += [f"{a.pool} {a.units:+g}" for a in assumed.additions]
    return [f"What if, not as measured: {', '.join(parts)}."] if parts else []


def _trust(review: CapacityInput) -> str:
    trust = review.document.trust
    if not trust.of or trust.mean_error is None:
        return "No forecast has come due yet."
    share = trust.inside / trust.of
    judged = "too narrow" if share < 0.7 else "wider than needed" if share > 0.95 else "as honest as they claim"
    judged = judged if trust.of >= _ENOUGH_PAST else "too few to judge the bands by"
    inside = f"{trust.inside} of {trust.of} inside an 80{formatting.NARROW}% band: {judged}, so far."
    return f"{inside} Mean error {formatting.number(trust.mean_error)} points."


def _soon(document: CapacityDocument, soonest: Soonest) -> tuple[str, str]:
    """The time of the tile and its unit: that of the pool itself, as its row has it."""
    pool = next(pool for pool in document.pools if pool.id == soonest.pool)
    number, _, unit = ((pool.crossing and pool.crossing.words()) or f"{soonest.days} days").rpartition(" ")
    return number, f" {unit}"


def _tiles(review: CapacityInput) -> list[Tile]:
    summary, horizon = review.document.summary, review.document.horizon_days
    names = {pool.id: formatting.name(pool.name) for pool in review.document.pools}
    missing = summary.pools - summary.measured
    soonest, decide = summary.soonest, summary.decide_by
    over = f"{summary.over} over now" if summary.over else "none over now"
    if not summary.measured:
        return _unknown_tiles(summary.pools, horizon)
    return [
        Tile(
            "Pools in the review", str(summary.pools), "", f"{missing} without data" if missing else "all measured", ""
        ),
        Tile(f"Cross within {horizon} days", str(summary.crossing), "", over, "worse" if summary.over else ""),
        Tile(
            "Soonest",
            *_soon(review.document, soonest),
            f"{rows.until(soonest.date, '')} {names[soonest.pool]}",
            "worse",
        )
        if soonest
        else Tile("Soonest", formatting.UNKNOWN, "", f"none within {horizon} days", ""),
        Tile("Decide by", rows.until(decide.date, ""), "", _from_now(decide.days), "worse" if decide.days <= 3 else "")
        if decide
        else Tile("Decide by", formatting.UNKNOWN, "", "nothing to decide", ""),
        Tile("Room on average", formatting.number(summary.room_points), " points", "to the load line", ""),
        Tile("To hold the line", formatting.money(summary.cost_usd_per_month), "/mo", "what is recommended", "")
        if summary.crossing + summary.over
        else Tile("To hold the line", "$0", "/mo", "nothing is needed", ""),
    ]


def _unknown_tiles(pools: int, horizon: int) -> list[Tile]:
    """Where no pool has a reading nothing is known of the time ahead: not that none crosses, not that it costs $0."""
    counted = Tile("Pools in the review", str(pools), "", f"{pools} without data" if pools else "no pool is known", "")
    labels = (f"Cross within {horizon} days", "Soonest", "Decide by", "Room on average", "To hold the line")
    return [counted, *(Tile(label, formatting.UNKNOWN, "", "not measured", "") for label in labels)]


def _from_now(days: int) -> str:
    return f"{formatting.plural(-days, 'day')} ago" if days < 0 else f"{formatting.plural(days, 'day')} from now"


def _provenance(review: CapacityInput, document_sha256: str) -> list[Column]:
    pools = review.document.pools
    resources = {name for pool in pools for name in pool.resources}
    methods = sorted({pool.backtest.method for pool in pools if pool.backtest})
    gaps = [
        f"{formatting.name(pool.name)}: {pool.reason or 'too few readings yet'}" for pool in pools if not pool.forecast
    ]
    more = [f"and {len(gaps) - 4} more in the JSON"] if len(gaps) > 4 else []
    delivery = ", ".join(f"{unit} {days:g} d" for unit, days in review.delivery_days.items())
    return [
        Column(
            "Data",
            [
                f"{formatting.plural(len(pools), 'pool')}, {formatting.plural(len(resources), 'resource')}",
                f"{review.document.time_range.start[:10]} to {review.document.time_range.end[:10]}, zone {review.zone}",
            ],
        ),
        Column("Gaps", [*gaps[:4], *more] or ["none"]),
        Column(
            "How it was judged",
            [
                f"forecasts: {', '.join(methods) or 'none'}",
                "bands: 80 % of outcomes, by backtest over the fleet; a forecast that loses to last week is withheld",
                f"delivery: {delivery}",
            ],
        ),
        made_by(review.made, "capacity.json", document_sha256),
    ]
