"""All rules over one resource: what was found, what was folded under its cause, what was looked at and exonerated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from plimsoll.analysis.optimization import advisers as adviser_folder
from plimsoll.analysis.optimization import rules as rule_folder
from plimsoll.analysis.optimization.abstention import Abstention, contradicted, thin, young
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found, Rule
from plimsoll.extensions import discover

_PRIORITIES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Sweep:
    """One resource: `bottlenecks` most constrained first, each with the symptoms folded under it, and the advice.

    `exonerated` are rules that had readings and found nothing; `unknown` those without, by the metrics they want.
    `abstentions` say why no advice is given though there are bottlenecks, and which rules want more history.
    """

    bottlenecks: Sequence[tuple[Found, Sequence[Found]]]
    advice: Sequence[Advice]
    exonerated: Sequence[str]
    unknown: Mapping[str, Sequence[str]]
    abstentions: Sequence[Abstention]

    @property
    def abstained(self) -> str | None:
        """Why no advice is given; None: it is."""
        return next((one.reason for one in self.abstentions if one.subject == "advice"), None)

    def with_advice(self, more: Sequence[Advice]) -> "Sweep":
        """The same with other advice beside its own, by priority."""
        return replace(self, advice=sorted([*self.advice, *more], key=_order)) if more else self

    def top(self, rule: str) -> Found:
        """The bottleneck that a rule found; it is not folded under another."""
        return next(top for top, _ in self.bottlenecks if top.rule == rule)


@cache
def rules() -> dict[str, Rule]:
    """Every rule by name."""
    return {rule.name: rule for rule in discover(rule_folder, "RULE", Rule).values()}


@cache
def advisers() -> dict[str, list[Adviser]]:
    """The advisers of each rule."""
    found: dict[str, list[Adviser]] = {}
    for one in discover(adviser_folder, "ADVISER", Adviser).values():
        for rule in sorted(one.answers):
            found.setdefault(rule, []).append(one)
    return found


def sweep(case: Case, ruled: Mapping[str, Rule] | None = None) -> Sweep:
    """Looks at a resource with every rule, or with those of `ruled`, whose limits are others (`limited`)."""
    found: dict[str, Found] = {}
    exonerated: list[str] = []
    unknown: dict[str, list[str]] = {}
    waiting: list[Abstention] = []
    for name, rule in (rules() if ruled is None else ruled).items():
        result = rule.find(case)
        if result is not None:
            found[name] = result
        elif waits := young(case, rule):
            waiting.append(waits)
        elif not rule.reads or any(case.window(m) is not None for m in rule.reads) or _devices(case, rule):
            exonerated.append(name)
        else:
            unknown[name] = list(rule.reads)
    bottlenecks = _folded(found)
    too_little = thin(case) if bottlenecks else None
    at_odds = {top.rule: why for top, _ in bottlenecks if (why := contradicted(case, top))}
    kept = [top for top, _ in bottlenecks if top.rule not in at_odds and (too_little is None or top.rule == "blind")]
    given = [a for one in kept for adviser in advisers().get(one.rule, ()) if (a := adviser.advise(case, one))]
    abstentions = [*([too_little] if too_little else []), *at_odds.values(), *waiting]
    advice = [one for one in given if not any(_stands_for(other, one) or dominates(other, one) for other in given)]
    return Sweep(bottlenecks, sorted(advice, key=_order), exonerated, unknown, abstentions)


def _devices(case: Case, rule: Rule) -> bool:
    return any(metric in rule.reads for _, metric in case.devices)


def _stands_for(one: Advice, other: Advice) -> bool:
    """Whether one is given in place of the other: advice must not contradict itself."""
    return other.adviser in one.instead_of and one.rule == other.rule


def dominates(one: Advice, other: Advice) -> bool:
    """Of two ways to give back: at least as much saved at no more risk, better in one. Unlike units do not compare."""
    if one is other or one.frees <= 0 or other.frees <= 0 or one.risk is None or other.risk is None:
        return False
    if (one.saving_per_month is None) != (other.saving_per_month is None):
        return False
    mine, yours = (a.frees if a.saving_per_month is None else a.saving_per_month for a in (one, other))
    return mine >= yours and one.risk <= other.risk and (mine > yours or one.risk < other.risk)


def _order(advice: Advice) -> int:
    return _PRIORITIES.index(advice.priority)


def _folded(found: Mapping[str, Found]) -> list[tuple[Found, list[Found]]]:
    """One cause, one entry: what a heavier finding explains is told with it."""
    ordered = sorted(found.values(), key=lambda one: (-one.weight, one.rule))
    causes: list[tuple[Found, list[Found]]] = []
    for one in ordered:
        explained = next((c for c in causes if one.rule in rules()[c[0].rule].explains), None)
        if explained is not None:
            explained[1].append(one)
        else:
            causes.append((one, []))
    return causes
