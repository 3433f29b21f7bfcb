"""Load lines: the limit that a reading should stay under (or over), for how long, and how bad crossing it is."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plimsoll.config import Duration, Section
from plimsoll.documents import Severity
from plimsoll.errors import nearest
from plimsoll.fleet.resources import Resource
from plimsoll.metrics import CATALOGUE
from plimsoll.units import Unit


class LoadLine(Section):
    """One `[lines.<name>]` of the config."""

    metric: str = Field(description="a metric of the catalogue")
    above: float | None = Field(None, description="the line is crossed by a reading above this value")
    below: float | None = Field(None, description="the line is crossed by a reading below this value")
    learned: Literal["above", "below"] | None = Field(
        None, description="instead of a value: the line is each resource's own usual range, learnt once a day"
    )
    times: float = Field(1.0, ge=1, le=100, description="a learned line above is so many times the usual high end")
    at_least: float | None = Field(None, description="a learned line above is never drawn below this value")
    for_: Annotated[Duration, Field(ge=0, le=7 * 86400)] = Field(
        "5m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="an alert opens after this long over the line",
    )
    clear_margin: float = Field(2.0, ge=0, description="an alert closes when the reading is this far back inside")
    severity: Severity = Field("medium", description="what an open alert is worth: low, medium, high, critical")
    types: tuple[str, ...] = Field((), description="resource types that the line holds for; empty: all")
    resources: tuple[str, ...] = Field((), description="resource ids that the line holds for; empty: all")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.metric not in CATALOGUE:
            raise ValueError(f'metric "{self.metric}" is unknown; did you mean "{nearest(self.metric, CATALOGUE)}"?')
        if [self.above, self.below, self.learned].count(None) != 2:
            raise ValueError("give exactly one of above and below, or learned")
        if self.learned != "above" and (self.times != 1 or self.at_least is not None):
            raise ValueError('times and at_least go with learned = "above"')
        if self.learned is not None:
            return self
        metric, value = CATALOGUE[self.metric], self.value
        if (metric.low is not None and value < metric.low) or (metric.most is not None and value > metric.most):
            raise ValueError(f"{value:g} is outside what {self.metric} can be ({metric.low:g} to {metric.most:g})")
        return self

    @property
    def value(self) -> float:
        """The limit, in the metric's unit."""
        value = self.above if self.above is not None else self.below
        assert value is not None  # noqa: S101 - _sensible saw to it
        return value

    def at(self, value: float, resource_id: str) -> "LoadLine":
        """A learned line as it stands for one resource, inside what the metric can be."""
        metric = CATALOGUE[self.metric]
        if self.learned == "above":
            value = max(self.times * value, self.at_least if self.at_least is not None else value)
        limit = min(max(value, metric.low if metric.low is not None else value), metric.most or value)
        side = {"above": limit, "below": None} if self.learned == "above" else {"above": None, "below": limit}
        return self.model_copy(
            update={**side, "learned": None, "times": 1.0, "at_least": None, "resources": (resource_id,)}
        )

    @property
    def sign(self) -> int:
        """+1 where more is worse, -1 where less is: `sign * (reading - value)` is how far over the line."""
        return 1 if self.above is not None else -1

    @property
    def in_points(self) -> bool:
        """Whether distance to the line is given in points: for high percentages; else in percent of the line.

        Five points below a line at 90 % is near it; five points below a line at 5 % is all there is.
        """
        return CATALOGUE[self.metric].unit == Unit.PERCENT and self.value >= 50

    def holds_for(self, resource: Resource) -> bool:
        """Whether this line is drawn for the resource."""
        return (not self.types or resource.type in self.types) and (
            not self.resources or resource.resource_id in self.resources
        )
