"""Rules over one's own history: what a rule, or the same with other limits, would have found day by day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from plimsoll.analysis.optimization import rules as folder
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.limited import limited
from plimsoll.analysis.optimization.limits import configured, refused
from plimsoll.errors import BadParameter, nearest
from plimsoll.extensions import discover
from plimsoll.queries.context import Sources
from plimsoll.queries.optimization import OptimizationQuery, cases


def rules() -> Mapping[str, Rule]:
    """Every rule by name."""
    return dict(sorted(discover(folder, "RULE", Rule).items()))


def replay(
    sources: Sources, name: str, changed: Sequence[str] | Mapping[str, float], days: int
) -> dict[tuple[str, str], Found]:
    """(day, resource) -> what the rule finds as of that day's end, newest day last."""
    _known(name)
    given = changed if isinstance(changed, Mapping) else _given(name, changed)
    today = configured(sources.config.sections.get("rules"))
    found: dict[tuple[str, str], Found] = {}
    rule = limited({name: today.get(name, {}) | dict(given)})[name]
    for back in range(days - 1, -1, -1):
        day = replace(sources, as_of=sources.as_of - timedelta(days=back))
        for case in cases(day, OptimizationQuery()):
            if (one := rule.find(case)) is not None:
                found[day.as_of.date().isoformat(), case.resource.resource_id] = one
    return found


def _given(name: str, texts: Sequence[str]) -> dict[str, float]:
    given = dict[str, float]()
    for text in texts:
        key, _, value = text.partition("=")
        try:
            given[key.lower()] = float(value)
        except ValueError as error:
            raise BadParameter("--set", text, why="is not LIMIT=NUMBER, as least_hours=6") from error
        if (why := refused(name, given)) is not None:
            raise BadParameter("--set", text, why=f"cannot be: {why}")
    return given


def _known(name: str) -> None:
    if name not in rules():
        near = nearest(name, rules())
        raise BadParameter("RULE", name, allowed=[near] if near else [], why="is no rule; see: plimsoll rules list")
