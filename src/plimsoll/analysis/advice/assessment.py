"""What is known of one resource: its bottlenecks, the advice, and why on some of them there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.bottlenecks.evaluate import Evaluation
from plimsoll.analysis.bottlenecks.insufficient_data import InsufficientData
from plimsoll.analysis.bottlenecks.rule import Bottleneck

_PRIORITIES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Assessment(Evaluation):
    """An evaluation, and the advice by priority.

    `abstentions` say why no advice is given though there are bottlenecks, and which rules want more history.
    """

    advice: Sequence[Advice]
    abstentions: Sequence[InsufficientData]

    @property
    def abstained(self) -> str | None:
        """Why no advice is given; None: it is."""
        return next((one.reason for one in self.abstentions if one.subject == "advice"), None)

    def with_advice(self, more: Sequence[Advice]) -> "Assessment":
        """The same with other advice beside its own, by priority."""
        return replace(self, advice=sorted([*self.advice, *more], key=by_priority)) if more else self

    def top(self, rule: str) -> Bottleneck:
        """The bottleneck that a rule found; it is not folded under another."""
        return next(top for top, _ in self.bottlenecks if top.rule == rule)


def by_priority(advice: Advice) -> int:
    """High first: a key to sort by."""
    return _PRIORITIES.index(advice.priority)
