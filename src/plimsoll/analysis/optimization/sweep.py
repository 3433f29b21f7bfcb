"""All rules over one resource: what was found, what was folded under its cause, what was looked at and exonerated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from plimsoll.analysis.optimization import advisers as adviser_folder
from plimsoll.analysis.optimization import rules as rule_folder
from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found, Rule
from plimsoll.catalogue import discover

ENOUGH_COVERAGE: Final = 0.8
_PRIORITIES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Sweep:
    """One resource: `bottlenecks` most constrained first, each with the symptoms folded under it, and the advice.

    `exonerated` are rules that had readings and found nothing; `unknown` those without, by the metrics they want.
    `abstained` says why no advice is given though there are bottlenecks; None: it is.
    """

    bottlenecks: Sequence[tuple[Found, Sequence[Found]]]
    advice: Sequence[Advice]
    exonerated: Sequence[str]
    unknown: Mapping[str, Sequence[str]]
    abstained: str | None

    def top(self, rule: str) -> Found:
        """The bottleneck that a rule found; it is not folded under another."""
        return next(top for top, _ in self.bottlenecks if top.rule == rule)


@cache
def rules() -> dict[str, Rule]:
    """Every rule by name."""
    return {rule.name: rule for rule in discover(rule_folder, "RULE", Rule).values()}


@cache
def advisers() -> dict[str, Adviser]:
    """The adviser of each rule."""
    return {rule: one for one in discover(adviser_folder, "ADVISER", Adviser).values() for rule in one.answers}


def sweep(case: Case) -> Sweep:
    """Looks at a resource with every rule."""
    found: dict[str, Found] = {}
    exonerated: list[str] = []
    unknown: dict[str, list[str]] = {}
    for name, rule in rules().items():
        result = rule.find(case)
        if result is not None:
            found[name] = result
        elif not rule.reads or any(case.window(m) is not None for m in rule.reads) or _devices(case, rule):
            exonerated.append(name)
        else:
            unknown[name] = list(rule.reads)
    bottlenecks = _folded(found)
    thin = case.coverage is not None and case.coverage < ENOUGH_COVERAGE
    abstained = None
    if thin and bottlenecks:
        arrived, needed = 100 * (case.coverage or 0.0), 100 * ENOUGH_COVERAGE
        abstained = f"only {arrived:.0f} % of the readings arrived; advice needs {needed:.0f} %"
    kept = [top for top, _ in bottlenecks if not thin or top.rule == "blind"]
    advice = [a for one in kept if (adviser := advisers().get(one.rule)) and (a := adviser.advise(case, one))]
    return Sweep(bottlenecks, sorted(advice, key=_order), exonerated, unknown, abstained)


def _devices(case: Case, rule: Rule) -> bool:
    return any(metric in rule.reads for _, metric in case.devices)


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
