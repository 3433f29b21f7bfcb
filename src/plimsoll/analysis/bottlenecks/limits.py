"""Limits of rules: frozen, typed, bounded numbers, each declared beside the rule that goes by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

from pydantic import Field

from plimsoll.config import Section
from plimsoll.errors import nearest

A_MINUTE_H: Final = 0.016
LONGEST_H: Final = 336.0

Percent = Annotated[float, Field(ge=0, le=100)]
Hours = Annotated[float, Field(ge=A_MINUTE_H, le=LONGEST_H)]
Days = Annotated[float, Field(ge=A_MINUTE_H, le=90)]
Times = Annotated[float, Field(ge=1, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, le=10_000)]


class Limits(Section):
    """The base of every rule's limits: each field is a number with its bounds, its default and its meaning."""


L = TypeVar("L", bound=Limits)


@dataclass(frozen=True, slots=True)
class Limit:
    """One number of a rule: its value, the bounds within which it may be set, and what it means."""

    value: float
    low: float
    high: float
    meaning: str = ""


def bounds_of(limits: Limits) -> dict[str, Limit]:
    """Every limit by name, as it is set."""
    found: dict[str, Limit] = {}
    for name, field in type(limits).model_fields.items():
        low = next((float(one.ge) for one in field.metadata if hasattr(one, "ge")), float("-inf"))
        high = next((float(one.le) for one in field.metadata if hasattr(one, "le")), float("inf"))
        found[name] = Limit(float(getattr(limits, name)), low, high, field.description or "")
    return found


def refused(rule: str, limits: Limits, given: Mapping[str, float]) -> str | None:
    """Why limits cannot be set so, in one line; None: they can."""
    known = bounds_of(limits)
    for name, value in given.items():
        if name not in known:
            near = nearest(name, known)
            return f"{rule} has no limit {name}; use one of: {near or ', '.join(known)}"
        if not known[name].low <= value <= known[name].high:
            return f"{name} = {value:g} is out of bounds; it is from {known[name].low:g} to {known[name].high:g}"
    return None


def changed(limits: L, given: Mapping[str, float]) -> L:
    """The same limits with some of them at other values, checked against their bounds."""
    return limits if not given else limits.model_validate({**limits.model_dump(), **given})
