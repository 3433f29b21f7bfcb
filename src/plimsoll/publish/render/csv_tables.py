"""The tables of a report as CSV: for spreadsheets, in which a cell may never become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from msgspec import UNSET

from plimsoll.escaping import cell
from plimsoll.publish.views.report_input import ReportInput


def csv_files(report: ReportInput) -> dict[str, bytes]:
    """File name -> CSV of alerts, resources, bottlenecks, recommendations, and room, as far as they were made."""
    files = {
        "alerts.csv": _csv(
            ("id", "severity", "resource", "metric", "value", "line", "since"),
            (
                (a.alert_id, a.severity, a.resource, a.metric, a.current_value, a.threshold, a.timestamp)
                for a in report.document.alerts
            ),
        ),
        "resources.csv": _csv(
            ("id", "name", "type", "region", "closest_line", "margin_points", "last_reading"),
            (
                (r.resource_id, r.name, r.type, r.region, s.line, s.margin, s.last.isoformat() if s.last else None)
                for r, s in zip(report.resources, report.standings, strict=True)
            ),
        ),
    }
    if report.optimization is not None:
        listed = report.optimization.resources
        files["bottlenecks.csv"] = _csv(
            ("id", "resource", "component", "description", "impact"),
            ((b.id, r.resource_id, b.component, b.description, b.impact) for r in listed for b in r.bottlenecks or ()),
        )
        files["recommendations.csv"] = _csv(
            ("id", "resource", "priority", "title", "improves", "costs"),
            (
                (a.id, r.resource_id, a.priority, a.title, a.estimated_improvement, a.cost_impact)
                for r in listed
                for a in r.recommendations or ()
            ),
        )
    if report.capacity is not None:
        files["room.csv"] = _csv(
            ("resource", "metric", "now", "line", "state"),
            ((r.resource_id, r.metric, r.now, r.line, r.state) for r in report.capacity.resources),
        )
    return files


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([cell(None if one is UNSET else one) for one in row] for row in rows)
    return sink.getvalue().encode("utf-8", "backslashreplace")
