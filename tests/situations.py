"""Situations for tests: a calm fleet of five, and changes to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from plimsoll.documents.situation import Absent, Ahead, CameBack, Crossing, Incident, Open, Situation
from plimsoll.publish.views.verdict import Moment

END = datetime(2026, 1, 16, 18, tzinfo=UTC)
MOMENT = Moment(END, ZoneInfo("UTC"))
CALM = Situation(total=5, read=5, judged=5, coverage_pct=100.0, availability_pct=99.9, ahead=Ahead(60, 5, 0))


def situation(**changes: Any) -> Situation:  # noqa: ANN401 - the situation's own fields
    """A calm one, but for the changes."""
    return replace(CALM, **changes)


def opened(*severities: str, metric: str = "gpu_utilization", hours: float = 9) -> list[Open]:
    """Open alerts of these severities, of resources h0, h1, ..."""
    since = END - timedelta(hours=hours)
    return [
        Open(f"perf-{n}", f"h{n}", f"h{n}", severity, metric, since, metric == "silence")
        for n, severity in enumerate(severities)
    ]


def absent(name: str, hours: float = 13, *, never: bool = False) -> Absent:
    """A resource that is not read."""
    return Absent(name, name, END - timedelta(hours=hours), timedelta(hours=hours), never)


def crossing(name: str, days: int) -> Crossing:
    """A volume that fills."""
    return Crossing(days, name, name, "storage_utilization_pct")


def back(name: str, hours: float = 2) -> CameBack:
    """A resource that was over its line."""
    return CameBack(name, name, END - timedelta(hours=hours))


def incident(name: str, severity: str = "medium") -> Incident:
    """A resource that was unlike its past."""
    return Incident(name, name, severity)
