"""Every resource on one line: flagged first, then calm by peak; a calm row says one sentence when it is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup
from msgspec import UNSET, UnsetType

from plimsoll.documents import Gauge, ResourcePerformance
from plimsoll.documents.headroom import Headroom
from plimsoll.documents.situation import Situation
from plimsoll.fleet.resources import Resource
from plimsoll.publish import formatting
from plimsoll.publish.drawing import svg
from plimsoll.publish.theme import GLYPHS
from plimsoll.publish.views.absences import absences
from plimsoll.publish.views.report_input import ReportInput

_ORDER: Final = (
    "critical",
    "high",
    "medium",
    "low",
    "silent",
    "ended",
    "unseen",
    "crossed",
    "incomplete",
    "ok",
    "no-line",
)
_NOT_READ: Final = ("silent", "ended", "unseen")
_TYPES: Final = {"ai-service": "AI service"}
_FACTS_UP_TO = 700  # above that a calm row says its sentence; the numbers are in the JSON
_STALE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """One resource; `state` is a severity or one of `_ORDER`, with its glyph and word.

    `silent` should be read, `ended` is not due any more, `unseen` is a name of labels that went away; of `no-line`
    nothing that is read has a load line, so that it is not ok either.
    """

    state: str
    glyph: str
    name: str
    full_name: str
    kind: str
    region: str
    metric: str
    now: str
    average: str
    peak: str
    drawing: Markup | None
    sentence: str
    facts: Sequence[tuple[str, str]]
    flagged: bool
    opened: bool


def rows(report: ReportInput, situation: Situation) -> list[ResourceRow]:
    """All resources in the order of the list."""
    parts = {part.resource_id: part for part in report.document.resources}
    severities: dict[str, str] = {}
    for alert in situation.open:  # worst first: the first one counts
        if not alert.is_silence:
            severities.setdefault(alert.resource, alert.severity)
    crossed, unlined = set(situation.crossed), {*situation.without_line, *situation.too_seldom}
    missing = {one.id: one.text for one in reversed(absences(situation, ZoneInfo(report.zone), report.end))}
    absent = {one.resource_id: "unseen" for one in report.presences if one.aged_out}
    absent |= {one.id: "ended" for one in situation.unmeasured} | {one.id: "silent" for one in situation.silent}

    def state(resource_id: str) -> str:
        if resource_id in severities:
            return severities[resource_id]
        if resource_id in absent:
            return absent[resource_id]
        if resource_id in crossed or resource_id in missing:
            return "crossed" if resource_id in crossed else "incomplete"
        return "no-line" if resource_id in unlined else "ok"

    pairs = sorted(
        zip(report.resources, report.standings, strict=True),
        key=lambda pair: (
            _ORDER.index(state(pair[0].resource_id)),
            -(pair[1].margin if pair[1].margin is not None else float("-inf")),
            pair[0].resource_id,
        ),
    )
    return [
        _row(
            report,
            resource,
            standing,
            parts[resource.resource_id],
            state(resource.resource_id),
            position,
            missing.get(resource.resource_id, ""),
        )
        for position, (resource, standing) in enumerate(pairs)
    ]


def _row(
    report: ReportInput,
    resource: Resource,
    standing: Headroom,
    part: ResourcePerformance,
    state: str,
    position: int,
    missing: str,
) -> ResourceRow:
    flagged = state not in ("ok", "no-line")
    metric = standing.metric
    fresh = standing.last is not None and report.end - standing.last <= max(_STALE, _patience(resource))
    shown = (standing.now if fresh else None, standing.average, standing.peak)
    now, average, peak = (formatting.amount(v, metric) if metric else formatting.UNKNOWN for v in shown)
    return ResourceRow(
        state=state,
        glyph="◇" if state == "crossed" else GLYPHS.get(state, GLYPHS["silent"]),
        name=formatting.name(resource.name),
        full_name=formatting.visible(resource.name),
        kind=_TYPES.get(resource.type, resource.type.capitalize()),
        region=formatting.name(resource.region or formatting.UNKNOWN),
        metric=formatting.label(metric) if metric else "no load line",
        now=now,
        average=average,
        peak=peak,
        drawing=_spark(resource, standing, state) if metric else None,
        sentence=_sentence(standing, state, missing),
        facts=_facts(part) if flagged or len(report.resources) <= _FACTS_UP_TO else [],
        flagged=flagged,
        opened=flagged and position < 2,
    )


def _patience(resource: Resource) -> timedelta:
    return timedelta(seconds=3 * (resource.interval_s or 0.0))


def _spark(resource: Resource, standing: Headroom, state: str) -> Markup:
    assert standing.metric is not None  # noqa: S101 - the caller looked
    text = (
        f"{formatting.name(resource.name)}, {formatting.label(standing.metric)}: average "
        f"{formatting.amount(standing.average, standing.metric)}, "
        f"peak {formatting.amount(standing.peak, standing.metric)}, "
        f"load line {formatting.amount(standing.line, standing.metric)}"
    )
    over = state in ("critical", "high", "medium", "low")
    return svg.sparkline(
        standing.spark, line=standing.line, label=text, top=100.0 if standing.in_points else None, over=over
    )


def _sentence(standing: Headroom, state: str, missing: str) -> str:
    gap = f"{formatting.sentence_case(missing)}. " if missing else ""
    if standing.metric is None or standing.margin is None:
        return f"{gap}No reading of it that has a load line arrived in this window."
    if state in _NOT_READ:
        return f"{gap}What follows is history."
    unit = " points" if standing.in_points else f"{formatting.NARROW}%"
    distance = formatting.number(abs(standing.margin))
    where = "over" if standing.margin > 0 else "under"
    line, average = (
        formatting.amount(standing.line, standing.metric),
        formatting.amount(standing.average, standing.metric),
    )
    return (
        f"{gap}{formatting.sentence_case(formatting.label(standing.metric))} averaged {average}; "
        f"its worst 2{formatting.NARROW}% of readings were {distance}{unit} {where} the line at {line}."
    )


def _facts(part: ResourcePerformance) -> list[tuple[str, str]]:
    """The document's groups, as far as they are there."""
    metrics = part.metrics
    found = [
        (label, _gauge(gauge))
        for label, gauge in (("CPU", metrics.cpu), ("Memory", metrics.memory), ("GPU", metrics.gpu))
        if not isinstance(gauge, UnsetType)
    ]
    if metrics.network is not UNSET:
        network = metrics.network
        values = [network.inbound, network.outbound]
        found.append(("Network in / out", " / ".join(formatting.UNKNOWN if v is UNSET else str(v) for v in values)))
    if metrics.storage is not UNSET:
        storage = metrics.storage
        values = [storage.read_throughput, storage.write_throughput]
        found.append(("Disk read / written", " / ".join(formatting.UNKNOWN if v is UNSET else str(v) for v in values)))
    return found


def _gauge(gauge: Gauge) -> str:
    current = formatting.UNKNOWN if gauge.current is UNSET else formatting.number(float(gauge.current))
    unit = f"{formatting.NARROW}%"
    trend = "" if gauge.trend is UNSET else f", {_TRENDS[str(gauge.trend)]}"
    return (
        f"{current} now, {formatting.number(gauge.average)} average, {formatting.number(gauge.peak)}{unit} peak{trend}"
    )


_TRENDS: Final = {"increasing": "rising", "decreasing": "falling", "stable": "steady"}
