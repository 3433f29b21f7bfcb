"""Rules that are data: a metric beyond a limit for long enough, written as a table of TOML.

A table is only data: its texts may name five numbers and nothing else, its conditions compare metrics with numbers.
"""

import re
from functools import partial
from string import Formatter
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import numpy as np
from pydantic import AfterValidator, Field, create_model, model_validator

from plimsoll.analysis.bottlenecks.expressions.conditions import Condition, at_least, at_most
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.expressions.terms import GridSlice
from plimsoll.analysis.bottlenecks.hysteresis import TOLERANCE, with_hysteresis
from plimsoll.analysis.bottlenecks.limits import LONGEST_H, Limits
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow, share
from plimsoll.analysis.bottlenecks.rule import BUILT_IN, Bottleneck, History, Kind, Part, Place, Rule
from plimsoll.config import Section
from plimsoll.errors import nearest
from plimsoll.metrics import CATALOGUE

_LONGEST_TEXT: Final = 300
_FIELDS: Final = {"hours": 1.0, "mean": 1.0, "samples": 1, "limit": 1.0}
_SPEC: Final = re.compile(r",?(?:\.\d)?[fg]?")
_COMPARED: Final = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(>=|<=|==)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*")
_MOST: Final = 1000.0
_PLACES: Final = tuple(f"{part}.{kind}" for part in get_args(Part) for kind in get_args(Kind))


def _metric(name: str) -> str:
    if name not in CATALOGUE:
        near = nearest(name, CATALOGUE)
        raise ValueError(f"not a metric of the catalogue{f'; did you mean {near}?' if near else ''}")
    return name


def _text(text: str) -> str:
    if not text.strip() or len(text) > _LONGEST_TEXT or not text.isprintable():
        raise ValueError(f"must be one line of 1 to {_LONGEST_TEXT} printable characters")
    return text


def _pattern(text: str) -> str:
    """A text whose braces hold nothing but a known number and how many digits of it are printed."""
    try:
        parts = list(Formatter().parse(_text(text)))
    except ValueError as error:
        raise ValueError(f"has braces that do not match ({error}); write {{mean:.1f}}, or {{{{ for a brace") from error
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in _FIELDS or conversion or not _SPEC.fullmatch(spec or ""):
            raise ValueError(
                f"may name {', '.join(_FIELDS)}, as {{mean:.1f}}; not {{{name}{':' if spec else ''}{spec}}}"
            )
        if name == "samples" and spec and "g" in spec:
            raise ValueError("samples is a whole number; write {samples}")
    return text


def _comparison(text: str) -> str:
    match = _COMPARED.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text[:40]}" is not METRIC >= NUMBER (or <=, ==)')
    _metric(match[1])
    return text


def _place(text: str) -> str:
    if text not in _PLACES:
        raise ValueError(
            f"must be PART.KIND, as gpu.saturation; use one of: {nearest(text, _PLACES) or ', '.join(_PLACES)}"
        )
    return text


Text: TypeAlias = Annotated[str, AfterValidator(_text)]
Pattern: TypeAlias = Annotated[str, AfterValidator(_pattern)]
Comparison: TypeAlias = Annotated[str, AfterValidator(_comparison)]
MetricName: TypeAlias = Annotated[str, AfterValidator(_metric)]
Hours: TypeAlias = Annotated[float, Field(ge=0, le=LONGEST_H)]


class Example(Section):
    """Values of the metric that show what the rule means: `found` is beyond its limit, `calm` is not."""

    found: float
    calm: float


class AboveLimits(Limits):
    """The limit is reached from below."""

    above: float
    least_hours: Hours


class BelowLimits(Limits):
    """The limit is reached from above."""

    below: float
    least_hours: Hours


ThresholdLimits: TypeAlias = AboveLimits | BelowLimits


class ThresholdRule(Section):
    """One table: a metric at or beyond a limit for at least so many hours of the window, and what to say of it."""

    summary: Text
    metric: MetricName
    above: float | None = None
    below: float | None = None
    least_hours: Hours = 0.25
    last_hours: Annotated[float, Field(gt=0, le=LONGEST_H)] | None = Field(
        None, description="only readings of the last so many hours of the window count; without it the whole window"
    )
    where: tuple[Comparison, ...] = ()
    except_where: tuple[Comparison, ...] = ()
    hysteresis: Annotated[float, Field(ge=0, le=0.5)] = TOLERANCE
    weight: Annotated[float, Field(ge=1, le=99)]
    component: Text
    use: Annotated[str, AfterValidator(_place)]
    explains: tuple[str, ...] = ()
    description: Pattern
    impact: Text
    remediation: Text
    test: Example

    @model_validator(mode="after")
    def _whole(self) -> "ThresholdRule":
        if (self.above is None) == (self.below is None):
            raise ValueError("needs one limit: above or below")
        low, high = _bounds(self)
        if not low <= self.limit <= high:
            raise ValueError(f"the limit {self.limit:g} is out of bounds; {self.metric} is from {low:g} to {high:g}")
        beyond = [value >= self.limit if self.above is not None else value <= self.limit for value in self._examples]
        if beyond != [True, False]:
            raise ValueError("test: found must be beyond the limit, and calm must not")
        return self

    @property
    def _examples(self) -> tuple[float, float]:
        return self.test.found, self.test.calm

    @property
    def limit(self) -> float:
        """The limit, above or below."""
        value = self.above if self.above is not None else self.below
        assert value is not None  # noqa: S101 - checked when it was read
        return value

    def rule(self, name: str, origin: str = BUILT_IN) -> Rule[Any]:
        """The rule that this table declares."""
        part, kind = self.use.split(".")
        return Rule(
            name=name,
            component=self.component,
            summary=self.summary,
            reads=(self.metric, *_others(self)),
            find=partial(_find, table=self),
            limits=_limits(self),
            use=Place(part, kind),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - checked by _place
            min_weight=self.weight,
            remediation=self.remediation,
            explains=frozenset(self.explains),
            history=partial(_history, last_hours=self.last_hours),
            needs_all=True,
            origin=origin,
        )


def _others(table: ThresholdRule) -> tuple[str, ...]:
    named = [match[1] for text in (*table.where, *table.except_where) if (match := _COMPARED.fullmatch(text))]
    return tuple(name for name in dict.fromkeys(named) if name != table.metric)


def _bounds(table: ThresholdRule) -> tuple[float, float]:
    """What the limit can be: what the metric can be; where that has no end, a thousand times the limit."""
    metric = CATALOGUE[table.metric]
    low = metric.low if metric.low is not None else -_MOST * max(abs(table.limit), 1.0)
    return low, metric.high if metric.high is not None else _MOST * max(abs(table.limit), 1.0)


def _limits(table: ThresholdRule) -> Limits:
    low, high = _bounds(table)
    which: Literal["above", "below"] = "above" if table.above is not None else "below"
    base: type[Limits] = AboveLimits if which == "above" else BelowLimits
    meaning = f"{table.metric} at or {which} this"
    fields: dict[str, Any] = {
        which: (Annotated[float, Field(ge=low, le=high)], Field(table.limit, description=meaning)),
        "least_hours": (Hours, Field(table.least_hours, description="for at least so long")),
    }
    made: type[Limits] = create_model("Limits", __base__=base, **fields)
    return made.model_validate({})


def _history(limits: ThresholdLimits, *, last_hours: float | None) -> History:
    return History(limits.least_hours, "window" if last_hours is None else last_hours)


def _condition(text: str) -> Condition:
    match = _COMPARED.fullmatch(text)
    assert match is not None  # noqa: S101 - checked when it was read
    metric, sign, number = match[1], match[2], float(match[3])
    if sign == "==":
        return at_least(metric, number) & at_most(metric, number)
    return at_least(metric, number) if sign == ">=" else at_most(metric, number)


def _find(window: ResourceWindow, limits: ThresholdLimits, *, table: ThresholdRule) -> Bottleneck | None:
    """Weighted up by the share of the readings in which it was there."""
    return with_hysteresis(window, partial(_beyond, limits=limits, table=table), table.hysteresis)


def _beyond(
    window: ResourceWindow, tolerance: float, *, limits: ThresholdLimits, table: ThresholdRule
) -> Bottleneck | None:
    if window.row(table.metric) is None:
        return None
    condition, limit = _compared(limits, table, tolerance)
    rows = window.window_rows
    if table.last_hours is not None:
        rows = min(rows, max(1, round(table.last_hours * window.rows_per_hour)))
    grid = GridSlice(window, slice(-rows, None))
    mask = condition.over(grid)
    hours, samples = window.hours(mask), int(np.count_nonzero(mask))
    if hours < limits.least_hours or samples < (FEWEST if limits.least_hours else 1):
        return None
    measure = mean_of(table.metric, condition, rows="window" if table.last_hours is None else rows)
    mean, part = measure.value(window), share(mask, grid.row(table.metric))
    return Bottleneck(
        description=table.description.format(hours=hours, mean=mean, samples=samples, limit=limit),
        impact=table.impact,
        weight=min(99.0, table.weight + 10 * part),
        metric=table.metric,
        observed=mean,
        threshold=limit,
        share=part,
        samples=samples,
        measure=measure,
    )


def _compared(limits: ThresholdLimits, table: ThresholdRule, tolerance: float) -> tuple[Condition, float]:
    """(what has to be there, the limit that was used)."""
    if isinstance(limits, AboveLimits):
        limit = limits.above * (1 - tolerance if limits.above >= 0 else 1 + tolerance)
        condition = at_least(table.metric, limit)
    else:
        limit = limits.below * (1 + tolerance if limits.below >= 0 else 1 - tolerance)
        condition = at_most(table.metric, limit)
    for text in table.where:
        condition = condition & _condition(text)
    for text in table.except_where:
        condition = condition & ~_condition(text)
    return condition, limit
