"""Incidents in the evidence: the `detail` under the rule `incidents`, whose subject is the incident's id."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from plimsoll.documents.base import Evidence

RULE: Final = "incidents"


class CauseDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A member that may have caused the others."""

    resource: str
    why: str


class IncidentDetail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an incident is made of: ids of findings and of resources, those of the likely cause first.

    `reported` is false where it is one of the weaker ones, beyond the number that was asked for; their findings have no
    evidence of their own. `times_a_day` is how often the fleet had something as rare before.
    """

    severity: Literal["medium", "high"]
    is_open: bool
    reported: bool
    is_silence: bool
    resources: list[str]
    members: list[str]
    first: str
    strongest: str
    causes: list[CauseDetail]
    tie: str
    times_a_day: float | None
    explanation: str


def incidents_of(evidence: Iterable[Evidence]) -> list[tuple[Evidence, IncidentDetail]]:
    """The incidents among evidence, in their order."""
    return [(one, msgspec.convert(one.detail, IncidentDetail)) for one in evidence if one.rule == RULE]
