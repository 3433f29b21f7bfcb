"""Rules with other limits than their own, for one question: the rules of everybody else stay as they are."""

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import Final

from plimsoll.analysis.optimization import rules as folder
from plimsoll.analysis.optimization.contract import Rule
from plimsoll.analysis.optimization.sweep import rules

_LIMIT: Final = "LIMIT"


def limited(given: Mapping[str, Mapping[str, float]]) -> dict[str, Rule]:
    """Every rule by name, those in `given` with these limits; names and bounds are checked where they are set.

    A limit is a constant of the rule's file. So a rule with others is its file run again, as a module that nobody else
    knows: two questions with different limits may be answered at the same time.

    >>> limited({"gpu_idle": {"least_hours": 6.0}})["gpu_idle"] is rules()["gpu_idle"]
    False
    >>> limited({})["gpu_idle"] is rules()["gpu_idle"]
    True
    """
    return {name: _again(name, given[name]) if given.get(name) else rule for name, rule in rules().items()}


def _again(name: str, values: Mapping[str, float]) -> Rule:
    spec = importlib.util.find_spec(f"{folder.__name__}.{name}")
    assert spec is not None  # noqa: S101 - its rule was found there
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for key, value in values.items():
        _set(module, key, value)
    rule = module.RULE
    assert isinstance(rule, Rule)  # noqa: S101 - as above
    return rule


def _set(module: ModuleType, name: str, value: float) -> None:
    if name.upper() in vars(module):
        setattr(module, name.upper(), value)
    else:
        setattr(module, _LIMIT, replace(getattr(module, _LIMIT), **{name: value}))
