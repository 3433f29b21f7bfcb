"""Scores and findings for node_exporter's textfile collector: few series, whatever the size of the fleet."""

from collections import Counter
from collections.abc import Iterable

from plimsoll.documents.situation import Situation
from plimsoll.escaping import label_value
from plimsoll.publish.views.report_input import ReportInput


def metrics(report: ReportInput, situation: Situation) -> bytes:
    """One gauge for each score, and counts by severity, type and component; never one for each resource."""
    overall = report.document.overall
    lines: list[str] = []

    def gauge(name: str, meaning: str, values: "dict[str, float | None]") -> None:
        known = {labels: value for labels, value in values.items() if value is not None}
        if known:
            lines.extend([f"# HELP plimsoll_{name} {meaning}", f"# TYPE plimsoll_{name} gauge"])
            lines.extend(f"plimsoll_{name}{labels} {_exact(value)}" for labels, value in sorted(known.items()))

    gauge("health_score", "Health of the fleet, 0 to 100.", {"": overall.health_score})
    gauge("performance_score", "Performance of the fleet, 0 to 100.", {"": overall.performance_score})
    gauge("availability_percent", "Availability of the fleet.", {"": overall.availability_score})
    gauge("report_end_seconds", "End of the report's window, seconds since the epoch.", {"": report.end.timestamp()})
    gauge("alerts", "Open alerts by severity.", _counted("severity", (one.severity for one in situation.open)))
    gauge(
        "situation",
        "State of the verdict: 0 calm, 1 steady, 2 watch, 3 attention, 4 trouble, 5 cannot tell.",
        {"": float(situation.state)},
    )
    gauge("silent_resources", "Resources that should be read and are not.", {"": float(len(situation.silent))})
    gauge("judged_resources", "Resources that were compared with their own past.", {"": float(situation.judged)})
    gauge(
        "coverage_percent", "Readings that arrived of those that were due, by resource.", {"": situation.coverage_pct}
    )
    gauge("resources", "Resources by type.", _counted("type", (r.type for r in report.resources)))
    if report.optimization is not None:
        found = (b.component for r in report.optimization.resources for b in r.bottlenecks or ())
        gauge("bottlenecks", "Bottlenecks by component.", _counted("component", found))
        advice = (a.priority for r in report.optimization.resources for a in r.recommendations or ())
        gauge("recommendations", "Recommendations by priority.", _counted("priority", advice))
    return ("\n".join(lines) + "\n").encode()


def _exact(value: float) -> str:
    """A number with every digit that it has: seconds since the epoch have ten before the point.

    >>> _exact(1795680000.0), _exact(99.95)
    ('1795680000', '99.95')
    """
    return repr(value).removesuffix(".0")


def _counted(label: str, values: Iterable[str]) -> "dict[str, float | None]":
    counts = Counter(values)
    return {f'{{{label}="{label_value(name)}"}}': float(count) for name, count in counts.items()}
