"""A report of a small simulated fleet, made once for all the tests that look at it."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from plimsoll.lake import Lake
from plimsoll.project import Project, builtin_root
from plimsoll.publish.views.report_input import CapacityInput, Made, ReportInput
from plimsoll.queries.context import QueryContext
from plimsoll.queries.report import PARTS, capacity_review
from plimsoll.queries.report import report as daily
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES, SAMPLES

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
_ANALYSED = 100
MADE = Made(version="1.2.3", at=UNTIL, generation="7-0")


def lake_of(fleet: Fleet, root: Path) -> Lake:
    """A lake that holds the whole history of a fleet."""
    lake = Lake(root)
    lake.append(RESOURCES, fleet.resources(), collector="simulator")
    for day in fleet.dates():
        lake.append(SAMPLES, fleet.day(day), collector="simulator")
    lake.compact(now=UNTIL)
    return lake


def sources_of(lake: Lake) -> QueryContext:
    """The lake as of the end of its history, with the built-in settings."""
    return QueryContext(lake.snapshot(), Project(builtin_root(), builtin_root()).config(), UNTIL)


@cache
def fleet_report(resources: int = 48, days: int = 2) -> ReportInput:
    """The daily report's input of a fleet of this size (five-minute readings)."""
    fleet = Fleet.build(resources=resources, days=days, until=UNTIL, interval_s=300, devices=False)
    parts = PARTS if resources <= _ANALYSED else ()
    return daily(sources_of(lake_of(fleet, Path(mkdtemp(prefix="plimsoll-test-")) / "lake")), MADE, parts=parts)


def templates() -> list[Path]:
    """The built-in template folder."""
    return [builtin_root() / "reports" / "templates"]


@cache
def fleet_review(resources: int = 48, days: int = 30) -> CapacityInput:
    """The capacity review's input of a fleet of this size (half-hourly readings)."""
    fleet = Fleet.build(resources=resources, days=days, until=UNTIL, interval_s=1800, devices=False)
    lake = lake_of(fleet, Path(mkdtemp(prefix="plimsoll-test-")) / "lake")
    return capacity_review(sources_of(lake), MADE)
