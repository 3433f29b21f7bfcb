"""One resource as a whole: what holds it back, and what to do about it."""

from collections.abc import Mapping, Sequence

from plimsoll.analysis.advice.assessment import Assessment, by_priority
from plimsoll.analysis.advice.catalogue import answering
from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.advice.preconditions import Unmet
from plimsoll.analysis.advice.texts import remediation
from plimsoll.analysis.bottlenecks.evaluate import Evaluation, evaluate
from plimsoll.analysis.bottlenecks.insufficient_data import InsufficientData, contradictory_readings, low_coverage
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.analysis.bottlenecks.rule_files import built_in


def assess(window: ResourceWindow, rules: Mapping[str, AnyRule] | None = None) -> Assessment:
    """Evaluates a resource with these rules (None: the built-in ones) and advises on what they find."""
    known = built_in() if rules is None else rules
    found = evaluate(window, known)
    advice, abstentions = advise(window, found, known)
    kept_back = _kept_back(window, found, known)
    undecided = {rule: list(one.missing) for rule, _, one in kept_back if one.missing}
    whys = [InsufficientData(f"{adviser} on {rule}", one.reason, one.in_s) for rule, adviser, one in kept_back]
    return Assessment(
        found.bottlenecks,
        found.exonerated,
        {**found.unknown, **undecided},
        found.waiting,
        advice,
        [*abstentions, *whys, *found.waiting],
    )


def _kept_back(window: ResourceWindow, found: Evaluation, rules: Mapping[str, AnyRule]) -> list[tuple[str, str, Unmet]]:
    """(rule, adviser, the precondition that does not hold) of each adviser that would have had something to say."""
    return [
        (one.rule, adviser.name, why)
        for one, _ in found.bottlenecks
        for adviser in advisers_for(rules[one.rule])
        if (why := adviser.unmet(window, one)) is not None
    ]


def advise(
    window: ResourceWindow, found: Evaluation, rules: Mapping[str, AnyRule]
) -> tuple[list[Advice], list[InsufficientData]]:
    """(advice by priority, why on some bottlenecks there is none)."""
    too_little = low_coverage(window) if found.bottlenecks else None
    at_odds = {top.rule: why for top, _ in found.bottlenecks if (why := contradictory_readings(window, top))}
    certain = [
        top for top, _ in found.bottlenecks if top.rule not in at_odds and (too_little is None or top.rule == "blind")
    ]
    given = [
        advice for one in certain for adviser in advisers_for(rules[one.rule]) if (advice := adviser.give(window, one))
    ]
    compatible = [one for one in given if not any(_stands_for(other, one) or dominates(other, one) for other in given)]
    return sorted(compatible, key=by_priority), [*([too_little] if too_little else []), *at_odds.values()]


def advisers_for(rule: AnyRule) -> Sequence[Adviser]:
    """Those that know what to do about what it finds; without any, its own remediation.

    Advisers answer the rules that come with Plimsoll or with a package: a project's rule of the same name may mean
    something else.
    """
    known = built_in().get(rule.name)
    is_known = known is not None and known.origin == rule.origin
    return (answering().get(rule.name) if is_known else None) or (remediation(rule),)


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
