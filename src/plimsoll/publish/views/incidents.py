"""The incidents of a report as it shows them: each with the finding that stands for it.

Silence is reported by coverage and alerts; the weaker ones beyond the number asked for are counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.documents import Evidence, detailed
from plimsoll.documents.anomalies import Anomaly
from plimsoll.documents.evidence import FindingDetail, IncidentDetail
from plimsoll.documents.incidents import incidents_of
from plimsoll.publish.views.report_input import ReportInput


@dataclass(frozen=True, slots=True)
class Shown:
    """One incident: `entries` are its likely cause's metrics beyond their ranges, `lead` is what it rests on.

    `finding` is the detail of `lead`. `severity` is that of the entries; of what has none, that of the findings.
    """

    id: str
    severity: str
    resources: Sequence[str]
    lead: Evidence
    finding: FindingDetail
    entries: Sequence[Anomaly]
    detail: IncidentDetail


def shown(report: ReportInput) -> list[Shown]:
    """The incidents that are reported, the high ones first; what is silence alone is reported elsewhere."""
    entries: dict[str, list[Anomaly]] = {}
    for resource in report.anomalies or ():
        for entry in resource.anomalies:
            entries.setdefault(entry.id, []).append(entry)
    proof = {one.subject: (one, finding) for one, finding in detailed(report.evidence, FindingDetail)}
    found = [
        _shown(one.subject, detail, proof, entries)
        for one, detail in incidents_of(report.evidence)
        if detail.reported and not detail.is_silence and any(member in proof for member in detail.members)
    ]
    return sorted(found, key=lambda one: one.severity != "high")


def weaker(report: ReportInput) -> int:
    """How many incidents are not reported, but listed in the evidence."""
    return sum(not detail.reported for _, detail in incidents_of(report.evidence))


def _shown(
    subject: str,
    detail: IncidentDetail,
    proof: dict[str, tuple[Evidence, FindingDetail]],
    entries: dict[str, list[Anomaly]],
) -> Shown:
    members = [member for member in detail.members if member in proof and proof[member][0].rule != "anomalies.silence"]
    cause = proof[members[0]][1].resource
    of_cause = [member for member in members if proof[member][1].resource == cause]
    lead = next((member for member in of_cause if member in entries), of_cause[0])
    severities: list[str] = [entry.severity for member in members for entry in entries.get(member, ())]
    severities += [proof[member][1].severity for member in members if member not in entries]
    severity = "high" if "high" in severities else "medium"
    return Shown(subject, severity, detail.resources, *proof[lead], entries.get(lead, []), detail)
