"""Rule alerts: which findings of rules open an alert, and how bad each is."""

from typing import Annotated

from pydantic import Field

from plimsoll.config import Duration, Section
from plimsoll.documents import Severity
from plimsoll.fleet.resources import Resource


class RuleAlert(Section):
    """One `[rule_alerts.<rule>]`: what this rule finds opens an alert, looked at every quarter of an hour."""

    severity: Severity = Field("medium", description="what an open alert is worth: low, medium, high, critical")
    high_within: Annotated[Duration, Field(ge=0, le=90 * 86400)] = Field(
        "0s",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="it is high at least where the rule says that less time than this is left",
    )
    unlike_past: bool = Field(
        default=False, description="only where the resource's median of the days before was beyond the rule's limit"
    )
    types: tuple[str, ...] = Field((), description="resource types that it concerns; empty: all")
    resources: tuple[str, ...] = Field((), description="resource ids that it concerns; empty: all")

    def severity_with(self, hours_left: float | None) -> Severity:
        """The severity of a finding that leaves so much time; None: the rule sees no end.

        >>> RuleAlert.model_validate({"high_within": "24h"}).severity_with(13.0)
        'high'
        """
        is_soon = hours_left is not None and hours_left * 3600 <= self.high_within
        return "high" if is_soon and self.severity in ("low", "medium") else self.severity

    def concerns(self, resource: Resource) -> bool:
        """Whether findings on the resource open an alert."""
        return (not self.types or resource.type in self.types) and (
            not self.resources or resource.resource_id in self.resources
        )
