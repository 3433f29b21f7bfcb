"""The six tiles: the numbers of `overall`, each with its neighbor of the window before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plimsoll.documents import Overall
from plimsoll.publish import formatting
from plimsoll.publish.views.report_input import ReportInput


@dataclass(frozen=True, slots=True)
class Tile:
    """One number: `good` is `better`, `worse` or empty; the delta says it in words too."""

    label: str
    value: str
    unit: str
    delta: str
    good: str


@dataclass(frozen=True, slots=True)
class _Kind:
    label: str
    unit: str
    of: Callable[[Overall], float | None]
    better: int
    up: str
    down: str


_KINDS: Final = (
    _Kind("Health", "/100", lambda o: o.health_score, 1, "better", "worse"),
    _Kind("Performance", "/100", lambda o: o.performance_score, 1, "better", "worse"),
    _Kind("Availability", f"{formatting.NARROW}%", lambda o: o.availability_score, 1, "better", "worse"),
    _Kind("Response time", f"{formatting.NARROW}ms", lambda o: o.average_response_time, -1, "slower", "faster"),
    _Kind("Throughput", "/s", lambda o: o.total_throughput, 0, "busier", "quieter"),
    _Kind("Errors", f"{formatting.NARROW}%", lambda o: o.error_rate, -1, "more", "fewer"),
)


def tiles(report: ReportInput) -> list[Tile]:
    """The tiles in document order."""
    return [_tile(kind, report) for kind in _KINDS]


def _tile(kind: _Kind, report: ReportInput) -> Tile:
    now = kind.of(report.document.overall)
    before = kind.of(report.previous.overall) if report.previous else None
    if now is None:
        return Tile(kind.label, formatting.UNKNOWN, "", "not measured", "")
    if before is None:
        return Tile(kind.label, formatting.number(now), kind.unit, "", "")
    change = now - before
    shown = formatting.number(abs(change))
    if shown == "0":
        return Tile(kind.label, formatting.number(now), kind.unit, "± 0 unchanged", "")
    glyph, word = ("▲", kind.up) if change > 0 else ("▼", kind.down)
    good = {1: "better", -1: "worse", 0: ""}[_sign(change) * kind.better]
    return Tile(kind.label, formatting.number(now), kind.unit, f"{glyph} {shown} {word} than {report.before}", good)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
