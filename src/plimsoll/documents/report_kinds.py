"""The kinds of reports: everything that differs between them but what they say, in one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Span:
    """What a report of a window covers: its range, also in local days, the finest granularity, a cell of the strip."""

    time_range: str
    days: int
    granularity: str
    cell_s: int


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One kind of report: its title, the job that makes it, and the file of its document.

    `span` is None for a report that looks ahead, and has no window of readings and no owners. What `has_feeds` also
    publishes the day's files for other programs.
    """

    name: str
    title: str
    job: str
    document: str
    span: Span | None = None
    has_feeds: bool = False

    @property
    def page(self) -> str:
        """The file name of its page."""
        return f"{self.name}.html"


DAILY: Final = ReportKind(
    "daily", "Daily report", "daily_report", "performance.json", Span("24h", 1, "15m", 3600), has_feeds=True
)
WEEKLY: Final = ReportKind("weekly", "Weekly report", "weekly_report", "weekly.json", Span("7d", 7, "1h", 6 * 3600))
CAPACITY: Final = ReportKind("capacity", "Capacity review", "capacity_review", "capacity.json")
REPORT_KINDS: Final[Mapping[str, ReportKind]] = MappingProxyType(
    {kind.name: kind for kind in (DAILY, WEEKLY, CAPACITY)}
)
"""By the name that commands and settings use."""


def spanned(kind: str) -> Span:
    """What a report of a window of that kind covers; raises ValueError for one that looks ahead."""
    span = REPORT_KINDS[kind].span
    if span is None:
        raise ValueError(f"a {kind} report has no window of readings")
    return span
