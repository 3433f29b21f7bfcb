"""Provenance, always last: which data, which gaps, how it was judged, made by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from plimsoll.clock import rfc3339
from plimsoll.documents import detailed
from plimsoll.documents.evidence import DamageDetail, ScoreDetail
from plimsoll.documents.situation import Situation
from plimsoll.publish import formatting
from plimsoll.publish.views.absences import absences
from plimsoll.publish.views.report_input import Made, ReportInput

_MOST_GAPS = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One of the four columns."""

    title: str
    lines: Sequence[str]


def provenance(report: ReportInput, situation: Situation, zone: ZoneInfo, *, document_sha256: str) -> list[Column]:
    """The four columns."""
    return [
        Column("Data", _data(report, situation)),
        Column("Gaps", _gaps(report, situation, zone)),
        Column("How it was judged", _judged(report)),
        made_by(report.made, "performance.json", document_sha256),
    ]


def _data(report: ReportInput, situation: Situation) -> list[str]:
    readings = sum(one.readings for one in report.presences)
    coverage = formatting.number(situation.coverage_pct)
    due = (
        "no reading was due"
        if situation.coverage_pct is None
        else f"{coverage}{formatting.NARROW}% of what was due arrived"
    )
    return [
        f"{formatting.plural(len(report.resources), 'resource')}, {formatting.plural(readings, 'reading')}",
        due,
        f"points of {report.document.time_range.granularity}, zone {report.zone}",
    ]


def _gaps(report: ReportInput, situation: Situation, zone: ZoneInfo) -> list[str]:
    found = [f"{one.resource}: {one.text}" for one in absences(situation, zone, report.end)]
    if len(found) > _MOST_GAPS:
        found = [*found[:_MOST_GAPS], f"and {len(found) - _MOST_GAPS} more in the JSON"]
    for damage, detail in detailed(report.evidence, DamageDetail):
        name, file = min(detail.files.items())
        more = f", and {damage.samples - 1} more" if damage.samples > 1 else ""
        found.append(f"{formatting.plural(damage.samples, 'damaged file')} left out: {name} {file.reason}{more}")
        break  # every document names the same files
    return found or ["none"]


def _judged(report: ReportInput) -> list[str]:
    lines = [
        f"{formatting.label(line.metric)} {'over' if line.sign > 0 else 'under'} "
        f"{formatting.amount(line.value, line.metric)} "
        f"for {formatting.duration_s(line.for_)}"
        for line in report.lines.values()
    ]
    shown = [f"load lines: {'; '.join(lines[:4])}" + (f"; and {len(lines) - 4} more" if len(lines) > 4 else "")]
    scores = {one.subject: detail.deductions for one, detail in detailed(report.evidence, ScoreDetail)}
    for subject, title in (("overall.healthScore", "health"), ("overall.performanceScore", "performance")):
        deductions = scores.get(subject, {})
        parts = [f"{name} −{formatting.number(points)}" for name, points in deductions.items() if points >= 0.05]
        if deductions:
            shown.append(f"{title}: 100 {', '.join(parts)}" if parts else f"{title}: nothing deducted")
    return shown


def made_by(made: Made, document: str, document_sha256: str) -> Column:
    """Version, instant, state of the lake, and the checksum of the document beside it."""
    revised = made.revision.replaces
    lines = [
        f"Plimsoll {made.version}",
        f"made {rfc3339(made.at)}",
        f"lake generation {made.generation}",
        f"{document} SHA-256 {document_sha256[:16]}…",
        *([f"revision {made.revision.number}, replaces {revised[:16]}…"] if revised else []),
        *([f"the one before took {made.cost}"] if made.cost else []),
    ]
    return Column("Made by", lines)
