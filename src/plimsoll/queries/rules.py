"""Rules over one's own history: what a rule, or the same with other limits, would have found day by day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from plimsoll.analysis.bottlenecks.limits import refused
from plimsoll.analysis.bottlenecks.rule import AnyRule, Bottleneck
from plimsoll.errors import BadParameter, nearest
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, windows
from plimsoll.queries.rule_set import project_rules


def replay(
    sources: QueryContext, name: str, changed: Sequence[str] | Mapping[str, float], days: int
) -> dict[tuple[str, str], Bottleneck]:
    """(day, resource) -> what the rule finds as of that day's end, newest day last."""
    rules = project_rules(sources)
    rule = rule_named(rules, name)
    given = dict(changed) if isinstance(changed, Mapping) else _given(rule, changed)
    rules[name] = rule.with_limits(given)
    found: dict[tuple[str, str], Bottleneck] = {}
    for back in range(days - 1, -1, -1):
        day = replace(sources, as_of=sources.as_of - timedelta(days=back))
        for window in windows(day, OptimizationQuery(), rules):
            if (one := rules[name].evaluate(window)) is not None:
                found[day.as_of.date().isoformat(), window.resource.resource_id] = one
    return found


def rule_named(rules: Mapping[str, AnyRule], name: str) -> AnyRule:
    """The rule of this name.

    Raises BadParameter with the nearest one where there is none.
    """
    if name not in rules:
        near = nearest(name, rules)
        raise BadParameter("RULE", name, allowed=[near] if near else [], why="is unknown; see: plimsoll rules list")
    return rules[name]


def _given(rule: AnyRule, texts: Sequence[str]) -> dict[str, float]:
    given = dict[str, float]()
    for text in texts:
        key, _, value = text.partition("=")
        try:
            given[key.lower()] = float(value)
        except ValueError as error:
            raise BadParameter("--set", text, why="is not LIMIT=NUMBER, as least_hours=6") from error
        if (why := refused(rule.name, rule.limits, given)) is not None:
            raise BadParameter("--set", text, why=f"cannot be: {why}")
    return given
