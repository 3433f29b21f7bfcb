"""Incidents in the evidence: those under the rule `incidents`, whose subject is the incident's id."""

from collections.abc import Iterable
from typing import Final

from plimsoll.documents.evidence import Evidence, IncidentDetail, detailed

RULE: Final = "incidents"


def incidents_of(evidence: Iterable[Evidence]) -> list[tuple[Evidence, IncidentDetail]]:
    """The incidents among evidence, in their order."""
    return list(detailed(evidence, IncidentDetail))
