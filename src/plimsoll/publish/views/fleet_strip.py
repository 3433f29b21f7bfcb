"""The fleet in one picture: a mosaic of every resource's worst moment, and a strip of their hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from markupsafe import Markup

from plimsoll.clock import instant
from plimsoll.documents.headroom import Headroom
from plimsoll.documents.situation import Situation
from plimsoll.publish import formatting
from plimsoll.publish.drawing import svg
from plimsoll.publish.theme import LEVELS, level
from plimsoll.publish.views.report_input import ReportInput

_TYPE_NAMES = {
    "storage": "Storage",
    "cluster": "Clusters",
    "endpoint": "Serverless endpoints",
    "training": "Training jobs",
    "ai-service": "AI services",
    "network": "Network",
}
_MOST_ROWS = 110
_MOST_NAMED = 60
_CELL_WIDTH = 30.0
_PHONE_ROWS = 24


@dataclass(frozen=True, slots=True)
class StripGroup:
    """The rows of one type: names beside them where there is room, and the picture."""

    title: str
    count: int
    names: Sequence[str]
    drawing: Markup
    note: str


@dataclass(frozen=True, slots=True)
class FleetPicture:
    """Mosaic, strip and key, with the sentence that says what they show."""

    title: str
    sentence: str
    mosaic: Markup
    groups: Sequence[StripGroup]
    row_height: str
    ticks: Sequence[str]
    key: Sequence[tuple[str, str]]
    totals: str
    column: str


def picture(report: ReportInput, situation: Situation) -> FleetPicture:
    """The section's contents."""
    worst_first = sorted(report.standings, key=_worst_first)
    levels = [level(s.margin) for s in worst_first]
    count = len(levels)
    square, per_row = (
        (18.0, 42) if count <= 42 else (11.0, 70) if count <= 140 else (9.0, 90) if count <= 700 else (6.0, 130)
    )
    crossed = len(situation.crossed)
    lines = "its line" if crossed == 1 else "their lines"
    fold = max(1, -(-count // _MOST_ROWS))
    height = 13.0 if count <= _MOST_NAMED else 7.0 if count <= 140 else 4.0
    return FleetPicture(
        title="The fleet, hour by hour" if report.cell_s <= 3600 else "The fleet, day by day",
        sentence=f"{crossed:,} of {formatting.plural(count, 'resource')} crossed {lines}."
        if crossed
        else f"No resource {'that was read ' if situation.counts.not_read else ''}crossed its line."
        if situation.read and not situation.has_no_line
        else "Not judged: nothing that is read has a load line."
        if situation.read
        else "Not judged: nothing was read in this window.",
        mosaic=svg.mosaic(levels, label=_mosaic_label(levels), square=square, per_row=per_row),
        groups=_groups(report, fold, height, named=count <= _MOST_NAMED),
        row_height=f"{height:g}px",
        ticks=_ticks(report),
        key=LEVELS,
        totals=_totals(report),
        column="hour" if report.cell_s == 3600 else formatting.duration_s(report.cell_s),
    )


def _worst_first(standing: Headroom) -> tuple[bool, float, str]:
    return standing.margin is None, -(standing.margin or 0.0), standing.resource_id


def _mosaic_label(levels: Sequence[str]) -> str:
    counts = [(words_of, levels.count(name)) for name, words_of in LEVELS if name in levels]
    return "Every resource by its worst 2 % of the window: " + ", ".join(f"{n} {text}" for text, n in counts)


def _groups(report: ReportInput, fold: int, height: float, *, named: bool) -> list[StripGroup]:
    kinds = {r.resource_id: r.type for r in report.resources}
    names = {r.resource_id: formatting.name(r.name) for r in report.resources}
    order = tuple(_TYPE_NAMES)
    ordered = sorted(report.standings, key=lambda s: (order.index(kinds[s.resource_id]), _worst_first(s)))
    groups: list[StripGroup] = []
    for kind, members in groupby(ordered, key=lambda s: kinds[s.resource_id]):
        standings = list(members)
        cells = [[level(cell) for cell in s.cells] for s in standings]
        folded = [_worst_of(cells[n : n + fold]) for n in range(0, len(cells), fold)]
        title = _TYPE_NAMES[kind]
        groups.append(
            StripGroup(
                title=title,
                count=len(standings),
                names=[names[s.resource_id] for s in standings] if named else [],
                drawing=svg.strip(
                    folded,
                    label=(
                        f"{title}: {formatting.plural(len(standings), 'resource')} against their load lines, "
                        "hour by hour"
                    ),
                    cell_width=_CELL_WIDTH,
                    row_height=height,
                ),
                note=f"one row is the worst of {fold} neighbors" if fold > 1 else "",
            )
        )
    return groups


def _worst_of(rows: Sequence[Sequence[str]]) -> list[str]:
    rank = {name: n for n, (name, _) in enumerate(LEVELS)}
    return [min(column, key=lambda name: rank[name]) for column in zip(*rows, strict=True)]


def _ticks(report: ReportInput) -> list[str]:
    """Nine times along the foot of the strip."""
    zone = ZoneInfo(report.zone)
    cells = max((len(s.cells) for s in report.standings), default=0)
    step = timedelta(seconds=cells * report.cell_s) / 8
    spec = "%H:%M" if report.cell_s <= 3600 else "%d %b"
    return [f"{(report.start + n * step).astimezone(zone):{spec}}" for n in range(9)]


def _totals(report: ReportInput) -> str:
    """`GPU p95 96.7 %, peak 17:00`: the utilizations of aggregatedMetrics that something has."""
    zone, totals = ZoneInfo(report.zone), report.document.aggregated_metrics
    parts: list[str] = []
    for label, part in (
        ("CPU", totals.cpu_utilization),
        ("memory", totals.memory_utilization),
        ("GPU", totals.gpu_utilization),
    ):
        if part.p95 is not None and part.peak_time is not None:
            peak = formatting.clock_time(instant(part.peak_time), zone, day_of=report.end)
            parts.append(f"{label} p95 {formatting.percent(part.p95)}, peak {peak}")
    return " · ".join(parts)
