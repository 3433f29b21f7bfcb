"""Muted alerts: maintenance windows and snoozes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from plimsoll.clock import instant, rfc3339
from plimsoll.config import Section
from plimsoll.errors import BadParameter
from plimsoll.fleet.resources import Resource


def _instant(text: str) -> str:
    try:
        return rfc3339(instant(text))
    except BadParameter as error:
        raise ValueError("is not an instant; write it as 2026-01-16T18:00:00Z") from error


class Maintenance(Section):
    """One `[maintenance.<name>]`: a period in which alerts of some resources are not sent."""

    start: Annotated[str, AfterValidator(_instant)] = Field(description="from this instant, 2026-01-16T18:00:00Z")
    end: Annotated[str, AfterValidator(_instant)] = Field(description="until this instant")
    resources: tuple[str, ...] = Field((), description="resource ids that it concerns; empty: all of the types")
    types: tuple[str, ...] = Field((), description="resource types that it concerns; empty: all")

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.start >= self.end:
            raise ValueError("end must be after start")
        return self

    def holds(self, resource: Resource, at: datetime) -> bool:
        """Whether the resource is in maintenance at an instant."""
        concerned = not self.resources or resource.resource_id in self.resources
        of_type = not self.types or resource.type in self.types
        return concerned and of_type and instant(self.start) <= at < instant(self.end)


@dataclass(frozen=True, slots=True)
class Muting:
    """Muted alerts: snoozed ids with the reason, and maintenance windows by name."""

    snoozed: Mapping[str, str] = field(default_factory=dict[str, str])
    maintenance: Mapping[str, Maintenance] = field(default_factory=dict[str, Maintenance])

    def why(self, alert: str, resource: Resource, at: datetime) -> str | None:
        """The reason why an alert is muted; None: it is sent."""
        if alert in self.snoozed:
            return f"snoozed: {self.snoozed[alert]}"
        names = [name for name, window in sorted(self.maintenance.items()) if window.holds(resource, at)]
        return f"maintenance.{names[0]}" if names else None
