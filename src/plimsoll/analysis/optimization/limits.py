"""The limits of the rules: their names, and the bounds within which they may be set.

A limit is a number at the head of a rule's file, or a part of its `LIMIT`. `[rules.gpu_idle] least_hours = 6` sets one;
`limited` gives the rules that go by it.
Nothing here loads a rule before somebody asks about it: reading a config stays cheap.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, create_model

from plimsoll.analysis.optimization import rules as folder
from plimsoll.config import Section
from plimsoll.errors import nearest

_A_MINUTE_H: Final = 0.016
_BOUNDS: Final = {
    "pct": (0.0, 100.0),
    "hours": (_A_MINUTE_H, 336.0),
    "h": (_A_MINUTE_H, 336.0),
    "days": (_A_MINUTE_H, 90.0),
    "times": (1.0, 100.0),
}
_LIMIT: Final = "LIMIT"
_PARTS: Final = ("above", "below", "least_hours")
_ALL_RULES: Final = ("FEWEST",)
_MOST: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Limit:
    """Its value now and what it may be: a percentage ends in pct, a duration in hours or days, a multiple in times.

    What has no unit and is below one is a share.
    """

    value: float
    low: float
    high: float


def rule_names() -> list[str]:
    """Every rule, by its file."""
    return sorted(module.name for module in pkgutil.iter_modules(folder.__path__))


def limits(rule: str) -> Mapping[str, Limit]:
    """A rule's limits by name.

    >>> limits("gpu_idle")["least_hours"]
    Limit(value=2.0, low=0.016, high=336.0)
    >>> limits("cpu_saturated")["above"]
    Limit(value=90.0, low=0.0, high=100.0)
    """
    module = _module(rule)
    found = {
        key.lower(): float(value)
        for key, value in vars(module).items()
        if key.isupper() and not key.startswith("_") and key not in _ALL_RULES and isinstance(value, int | float)
    }
    limit = getattr(module, _LIMIT, None)
    told = {part: getattr(limit, part) for part in _PARTS} if limit is not None else {}
    found |= {part: float(value) for part, value in told.items() if value is not None}
    return {name: Limit(value, *_bounds(name, value, getattr(limit, "metric", ""))) for name, value in found.items()}


def _bounds(name: str, value: float, metric: str) -> tuple[float, float]:
    of = metric if name in ("above", "below") else name
    unit = of.rsplit("_", 1)[-1]
    if unit in _BOUNDS:
        low, high = _BOUNDS[unit]
        return min(low, value), high  # an event counts from its first reading: its limit is no time at all
    return (0.0, 1.0) if of == name and value < 1 else (0.0, _MOST * max(value, 1.0))


def refused(rule: str, given: Mapping[str, float]) -> str | None:
    """Why limits cannot be set so, in one line; None: they can."""
    known = limits(rule)
    for name, value in given.items():
        if name not in known:
            near = nearest(name, known)
            return f"{name} is no limit of {rule}; use one of: {near or ', '.join(known)}"
        if not known[name].low <= value <= known[name].high:
            return f"{name} = {value:g} is out of bounds; it is from {known[name].low:g} to {known[name].high:g}"
    return None


def _module(rule: str) -> ModuleType:
    return importlib.import_module(f"{folder.__name__}.{rule}")


def settings() -> type[Section]:
    """`[rules.NAME]`: the limits of each rule, checked as soon as somebody sets one."""

    def checked(rule: str) -> object:
        def check(given: dict[str, float]) -> dict[str, float]:
            # who sets nothing loads nothing: a collecting process stays small
            if given and (why := refused(rule, given)) is not None:
                raise ValueError(why)
            return given

        return Annotated[dict[str, float], AfterValidator(check)]

    fields: dict[str, Any] = {
        name: (checked(name), Field(default_factory=dict[str, float], description="limits; see: plimsoll rules list"))
        for name in rule_names()
    }
    return create_model("Rules", __base__=Section, __doc__="`[rules]`: the limits of each rule.", **fields)


def configured(section: Section | None) -> dict[str, dict[str, float]]:
    """What a project's config sets, by rule."""
    given = section.model_dump() if section is not None else {}
    return {rule: values for rule, values in given.items() if values}
