"""Rules over one's own history: what a rule, or the same with other limits, would have found day by day."""

import importlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import ModuleType

from plimsoll.analysis.optimization import rules as folder
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.answers.optimization import OptimizationQuery, cases
from plimsoll.answers.sources import Sources
from plimsoll.catalogue import discover
from plimsoll.errors import BadParameter, nearest


def rules() -> Mapping[str, Rule]:
    """Every rule by name."""
    return dict(sorted(discover(folder, "RULE", Rule).items()))


def limits(name: str) -> Mapping[str, float]:
    """A rule's limits by name."""
    module = _module(name)
    return {
        key: float(value)
        for key, value in vars(module).items()
        if key.isupper() and not key.startswith("_") and isinstance(value, int | float)
    }


def replay(
    sources: Sources, name: str, changed: Sequence[str] | Mapping[str, float], days: int
) -> dict[tuple[str, str], Found]:
    """(day, resource) -> what the rule finds as of that day's end, newest day last."""
    given = changed if isinstance(changed, Mapping) else _given(name, changed)
    found: dict[tuple[str, str], Found] = {}
    with _limited(name, given):
        rule = rules()[name]
        for back in range(days - 1, -1, -1):
            day = replace(sources, as_of=sources.as_of - timedelta(days=back))
            for case in cases(day, OptimizationQuery()):
                if (one := rule.find(case)) is not None:
                    found[day.as_of.date().isoformat(), case.resource.resource_id] = one
    return found


def _given(name: str, texts: Sequence[str]) -> dict[str, float]:
    known, given = limits(name), dict[str, float]()
    for text in texts:
        key, _, value = text.partition("=")
        if key not in known:
            near = nearest(key, known)
            raise BadParameter("--set", text, allowed=[near] if near else list(known), why=f"is no limit of {name}")
        try:
            given[key] = float(value)
        except ValueError as error:
            raise BadParameter("--set", text, why=f"is not LIMIT=NUMBER; write {key}={known[key]:g}") from error
    return given


@contextmanager
def _limited(name: str, given: Mapping[str, float]) -> Generator[None]:
    """Other limits for as long as a replay takes; this process answers nothing else meanwhile."""
    module = _module(name)
    before = {key: getattr(module, key) for key in given}
    try:
        for key, value in given.items():
            setattr(module, key, value)
        yield
    finally:
        for key, value in before.items():
            setattr(module, key, value)


def _module(name: str) -> ModuleType:
    if name not in rules():
        near = nearest(name, rules())
        raise BadParameter("RULE", name, allowed=[near] if near else [], why="is no rule; see: plimsoll rules list")
    return importlib.import_module(f"{folder.__name__}.{name}")
