"""What to do: the three most urgent recommendations, all the others folded behind them, and what the platform gains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET, UnsetType

from plimsoll.documents import detailed
from plimsoll.documents.evidence import AdviceDetail, PortfolioDetail
from plimsoll.documents.optimization import Recommendation, ResourceOptimization
from plimsoll.documents.situation import SOON_DAYS, Situation
from plimsoll.publish import formatting
from plimsoll.publish.theme import GLYPHS
from plimsoll.publish.views.report_input import ReportInput

MOST_ACTIONS: Final = 3
MOST_FOLDED: Final = 500
"""A page of 2,000 resources stays within its size; what is beyond is counted, and stands in optimization.json."""
_PRIORITIES: Final = ("high", "medium", "low")
_RISKS: Final = ((0.01, "low"), (0.05, "medium"))


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do; `risk` is empty where nothing is given back."""

    severity: str
    glyph: str
    title: str
    text: str
    improves: str
    costs: str
    id: str
    risk: str = ""

    @property
    def worth(self) -> str:
        """What it improves, costs and risks, in one line."""
        risk = f"; risk: {self.risk}" if self.risk else ""
        return f"{self.severity}; improves: {self.improves}; cost impact: {self.costs}{risk}"


@dataclass(frozen=True, slots=True)
class Together:
    """The same advice for several resources, with what it is worth together."""

    title: str
    text: str
    costs: str


@dataclass(frozen=True, slots=True)
class Actions:
    """All advice of a report: `rows` open, `folded` behind them, `more` beyond what a page takes."""

    rows: Sequence[Action] = ()
    folded: Sequence[Action] = ()
    platform: Sequence[Together] = ()
    joint: str = ""
    more: int = 0


def actions_of(report: ReportInput, situation: Situation) -> Actions:
    """Every recommendation once. The first three are the most urgent, one a resource; the others follow by priority.

    Of equally urgent ones, those come first that the verdict speaks of: a line crossed, or about to be.
    """
    document = report.optimization
    if document is None:
        return Actions()
    ordered = _ordered(document.resources, situation)
    chosen: dict[str, Recommendation] = {}
    for one, resource in ordered:
        chosen.setdefault(resource.resource_id, one)
    first = list(chosen.values())[:MOST_ACTIONS]
    rest = [one for one, _ in ordered if all(one is not other for other in first)]
    risks = {proof.subject: detail.risk for proof, detail in detailed(report.evidence, AdviceDetail)}
    together = document.platform_recommendations
    return Actions(
        [_action(one, risks) for one in first],
        [_action(one, risks) for one in rest[:MOST_FOLDED]],
        [
            Together(formatting.visible(one.title), formatting.visible(one.description), _costs(one.cost_impact))
            for one in (() if isinstance(together, UnsetType) else together)
        ],
        _joint(report),
        max(0, len(rest) - MOST_FOLDED),
    )


def _ordered(
    resources: Sequence[ResourceOptimization], situation: Situation
) -> list[tuple[Recommendation, ResourceOptimization]]:
    soon = {one.id for one in situation.crossings if one.days <= SOON_DAYS}
    pressing = {one.resource for one in situation.open} | soon
    listed = [(one, resource) for resource in resources for one in (resource.recommendations or ())]
    return sorted(listed, key=lambda pair: (_PRIORITIES.index(pair[0].priority), pair[1].resource_id not in pressing))


def _action(one: Recommendation, risks: dict[str, float | None]) -> Action:
    return Action(
        severity=one.priority,
        glyph=GLYPHS[one.priority],
        title=formatting.visible(one.title),
        text=formatting.sentence_case(formatting.visible(one.description)),
        improves=_text(one.estimated_improvement, "not estimated"),
        costs=_costs(one.cost_impact),
        id=one.id,
        risk=_risk(risks.get(one.id)),
    )


def _risk(share: float | None) -> str:
    """For which part of what was measured the resource would have been too small afterwards."""
    if share is None:
        return ""
    word = next((word for most, word in _RISKS if share <= most), "high")
    return f"{word}, too small for {formatting.percent(100 * share)} of the time" if share > 0 else "never too small"


def _costs(text: str | UnsetType) -> str:
    """What it costs, without saying so twice."""
    return _text(text, "not known").removeprefix("costs ")


def _text(text: str | UnsetType, unknown: str) -> str:
    return unknown if text is UNSET else formatting.visible(str(text))


def _joint(report: ReportInput) -> str:
    """What all advice together saves: never the sum of what overlaps; empty where no price is known."""
    for proof, detail in detailed(report.evidence, PortfolioDetail):
        if proof.observed is None or not detail.advice:
            continue
        currency = proof.unit.removesuffix(" a month")
        saved = formatting.money(proof.observed) if currency == "USD" else f"{proof.observed:,.0f} {currency}"
        priced = f"{detail.with_price:,} of {formatting.plural(detail.advice, 'recommendation')}"
        return f"Taken together, without what excludes one another: {saved} a month less; {priced} have a price."
    return ""
