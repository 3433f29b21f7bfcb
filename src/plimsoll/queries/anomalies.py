"""The anomalies document."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from plimsoll.analysis.anomalies.analyse import UNREAD, Looked, reported_of
from plimsoll.analysis.anomalies.contract import HIGH_Z, MEDIUM_Z, Finding
from plimsoll.analysis.anomalies.detectors import DEFAULT, DETECTORS
from plimsoll.analysis.anomalies.settings import Anomalies
from plimsoll.analysis.anomalies.wording import explain, z_score
from plimsoll.analysis.incidents.contract import Incident
from plimsoll.analysis.incidents.settings import Dependencies
from plimsoll.analysis.incidents.telling import Asked
from plimsoll.clock import duration_s, floor, rfc3339
from plimsoll.documents import Evidence, TimeRange
from plimsoll.documents.anomalies import AnomaliesDocument, Anomaly, ResourceAnomalies
from plimsoll.documents.evidence import CauseDetail, FindingDetail, IncidentDetail, JudgedDetail
from plimsoll.documents.incidents import RULE
from plimsoll.documents.parameters import GRANULARITIES, TIME_RANGES, require_one_of
from plimsoll.errors import BadParameter
from plimsoll.events import timed
from plimsoll.execution import Execution, executor
from plimsoll.fleet.resources import Resource
from plimsoll.metrics import document_name
from plimsoll.queries.blocks import Block, BlockLook, analyse_block, read_back
from plimsoll.queries.context import QueryContext
from plimsoll.queries.grids import known_metrics
from plimsoll.queries.places import places
from plimsoll.queries.window import window_of
from plimsoll.tables import SAMPLES

FINEST_S: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomaliesQuery:
    """A checked question for the anomalies document; `start` is where a report's window begins."""

    time_range: str = "1h"
    granularity: str = "5m"
    threshold: float | None = None
    detectors: tuple[str, ...] = DEFAULT
    start: datetime | None = None

    @classmethod
    def parse(
        cls,
        *,
        time_range: str = "1h",
        granularity: str = "5m",
        threshold: float | None = None,
        detector: str | None = None,
    ) -> "AnomaliesQuery":
        """Checks each parameter.

        >>> AnomaliesQuery.parse(time_range="24h", detector="global_z").detectors
        ('global_z',)
        """
        require_one_of("timeRange", time_range, TIME_RANGES)
        require_one_of("granularity", granularity, GRANULARITIES)
        if duration_s(granularity) > duration_s(time_range):
            raise BadParameter("granularity", granularity, why=f"is longer than the range {time_range}")
        if threshold is not None and not (math.isfinite(threshold) and threshold >= 0):
            raise BadParameter("threshold", str(threshold), why="is not a z-score of 0 or more")
        if detector is not None:
            require_one_of("detector", detector, tuple(DETECTORS))
        return cls(
            time_range=time_range,
            granularity=granularity,
            threshold=threshold,
            detectors=DEFAULT if detector is None else (detector,),
        )

    @property
    def step_s(self) -> float:
        """Steps finer than five minutes are not analyzed: they are noise, and cost."""
        return max(float(FINEST_S), duration_s(self.granularity))


@timed("queries", "answered", document="anomalies")
def anomalies(sources: QueryContext, query: AnomaliesQuery) -> tuple[AnomaliesDocument, list[Evidence]]:
    """What was unusual in the window, worst resource first, and why; see `findings`."""
    resources = sources.resources()
    looked = findings(sources, resources, query)
    window = window_of(query, sources.as_of, round(duration_s(query.granularity)))
    shown = [one for one in looked.findings if one.end is None or one.end > window.start]
    of = {member.id: one.id for one in looked.incidents for member in one.members}
    span = TimeRange(start=rfc3339(window.start), end=rfc3339(window.end), granularity=query.granularity)
    proof = [evidence(one, query.granularity, incident=of[one.id]) for one in shown]
    proof += [*(incident(one, query.granularity) for one in looked.incidents), judged(looked, resources, span)]
    proof += sources.resolution(window.start, window.end, query.granularity)
    return document(shown, resources, threshold=query.threshold), proof


def judged(looked: Looked, resources: Sequence[Resource], span: TimeRange) -> Evidence:
    """How many resources were compared with their own past, and of the others why not: unknown is not calm."""
    return Evidence(
        subject="anomalies.judged",
        rule="two days of history, and a reading in the window",
        window=span,
        observed=float(len(resources) - len(looked.not_judged)),
        threshold=None,
        unit="resources",
        samples=len(resources),
        detail=JudgedDetail(not_judged=dict(sorted(looked.not_judged.items()))),
    )


def findings(
    sources: QueryContext, resources: Sequence[Resource], query: AnomaliesQuery, *, all_days: bool = False
) -> Looked:
    """What is reported of the window, or of `all_days` that were scored; block by block of resources of one type."""
    settings = sources.settings("anomalies", Anomalies)
    execution = sources.settings("execution", Execution)
    end = floor(sources.as_of, query.step_s)  # a step that has only begun is no reading yet
    # the files are proven here, once: the blocks are analyzed in processes of their own
    sources.snapshot.prove(SAMPLES, start=end - timedelta(seconds=settings.history), end=end)
    look = BlockLook(
        end=rfc3339(end),
        history_s=settings.history,
        step_s=query.step_s,
        at_least_s=window_of(query, sources.as_of, 1).seconds,
        detectors=query.detectors,
        known=known_metrics(sources.snapshot, end - timedelta(seconds=duration_s(query.time_range)), end),
        unsound=sources.snapshot.unsound,
    )
    ordered = sorted(resources, key=lambda resource: (resource.type, resource.resource_id))
    blocks = [ordered[n : n + execution.block_size] for n in range(0, len(ordered), execution.block_size)]
    items = [(str(sources.snapshot.root), look.parameters(block)) for block in blocks]
    parts: list[Block] = []
    for item, came in executor(execution, len(items)).map(analyse_block, items):
        parts.append(read_back(item, came))
        sources.on_progress("anomalies", len(parts), len(items))
    judged = [part for part in parts if part.resources]
    since = min((part.since for part in judged), default=end)
    window = window_of(query, sources.as_of, 1)
    looked = reported_of(
        [finding for part in judged for finding in part.findings],
        places(resources, sources.settings("dependencies", Dependencies).needs),
        Asked(
            start=since if all_days else window.start,
            end=max(end, window.end),
            since=since,
            resources=sum(part.resources for part in judged),
            most_per_resource_week=settings.most_per_resource_week if query.detectors == DEFAULT else math.inf,
        ),
    )
    unjudged = {name: why for part in parts for name, why in part.not_judged.items()}
    return replace(looked, not_judged=unjudged | _only_begun(sources, unjudged, end, query.step_s))


def _only_begun(sources: QueryContext, unjudged: Mapping[str, str], end: datetime, step_s: float) -> dict[str, str]:
    """Of those that are called unread, the ones that are read in the step that has begun: theirs is another reason."""
    unread = [name for name, why in unjudged.items() if why.startswith(UNREAD)]
    until = sources.as_of + timedelta(milliseconds=1)
    if not unread or until <= end:
        return {}
    rows = sources.snapshot.scan(SAMPLES, start=end, end=until, columns=("resource_id",)).unique().collect()
    begun = set(rows["resource_id"])
    return {name: f"read for less than {step_s / 60:g} min" for name in unread if name in begun}


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """What one detector would have said over so many days of history."""

    detector: str
    days: float
    findings: int
    high: int
    resources: int
    per_resource_week: float


def compare(sources: QueryContext, *, granularity: str = "15m") -> list[BacktestResult]:
    """Every detector, and those that ship together, over the same history: how many findings each would have made."""
    resources = sources.resources()
    runs = {"as shipped": DEFAULT, **{name: (name,) for name in DETECTORS}}
    tried: list[BacktestResult] = []
    for title, names in runs.items():
        looked = findings(sources, resources, AnomaliesQuery(granularity=granularity, detectors=names), all_days=True)
        days = (sources.as_of - looked.since).total_seconds() / 86_400
        tried.append(
            BacktestResult(
                detector=title,
                days=round(days, 1),
                findings=len(looked.findings),
                high=sum(one.severity == "high" for one in looked.findings),
                resources=len({one.resource_id for one in looked.findings}),
                per_resource_week=round(looked.per_resource_week, 3),
            )
        )
    return tried


def document(
    shown: Sequence[Finding], resources: Sequence[Resource], *, threshold: float | None = None
) -> AnomaliesDocument:
    """Findings -> the document: metrics with a z of more than 2, outside the range that is printed beside them.

    Silence, flat lines, shifts and what the forest alone found are in the evidence.
    """
    names = {resource.resource_id: resource.name for resource in resources}
    by_resource: dict[str, list[Anomaly]] = {}
    for finding in shown:
        entries = [_anomaly(finding, n) for n in range(len(finding.moved))]
        kept = [one for one in entries if one.z_score > max(MEDIUM_Z, threshold or 0.0) and _is_outside(one)]
        if kept:
            by_resource.setdefault(finding.resource_id, []).extend(kept)
    return [
        ResourceAnomalies(resource=names.get(resource_id) or resource_id, resource_id=resource_id, anomalies=entries)
        for resource_id, entries in by_resource.items()
    ]


def _is_outside(entry: Anomaly) -> bool:
    return not entry.expected_low <= entry.value <= entry.expected_high


def incident(one: Incident, granularity: str) -> Evidence:
    """What an incident is made of; `detail` is an `IncidentDetail`."""
    latest = max((member.end or member.peak for member in one.members), default=one.start)
    detail = IncidentDetail(
        severity=one.severity,
        is_open=one.end is None,
        reported=one.reported,
        is_silence=one.is_silence,
        resources=list(one.resources),
        members=[member.id for member in one.members],
        first=min(one.members, key=lambda member: (member.start, member.resource_id)).id,
        strongest=one.strongest.id,
        causes=[CauseDetail(resource=cause.resource_id, why=cause.why) for cause in one.causes],
        tie=one.tie,
        times_a_day=one.times_a_day,
        explanation=explain(one.members[0]),
    )
    return Evidence(
        subject=one.id,
        rule=RULE,
        window=TimeRange(start=rfc3339(one.start), end=rfc3339(one.end or latest), granularity=granularity),
        observed=float(len(one.resources)),
        threshold=None,
        unit="resources",
        samples=len(one.members),
        detail=detail,
    )


def evidence(finding: Finding, granularity: str, *, incident: str = "") -> Evidence:
    """What a finding rests on; `incident` is the one that it belongs to."""
    lead = finding.moved[0] if finding.moved else None
    return Evidence(
        subject=finding.id,
        rule=f"anomalies.{finding.detector}",
        window=TimeRange(
            start=rfc3339(finding.start), end=rfc3339(finding.end or finding.peak), granularity=granularity
        ),
        observed=lead.value if lead else None,
        threshold=finding.threshold,
        unit=lead.metric if lead else "score",
        samples=finding.samples,
        detail=FindingDetail(
            resource=finding.resource_id,
            incident=incident,
            score=finding.score,
            severity=finding.severity,
            open=finding.end is None,
            isolation_forest=finding.forest,
            z_score=z_score(lead) if lead else None,
            direction=("above" if lead.z > 0 else "below") if lead else None,
            expected=lead.expected if lead else None,
            once_in_hours=finding.once_in_h,
            residual=finding.residual or None,
            moved=[moved.metric for moved in finding.moved],
            explanation=explain(finding),
        ),
    )


def _anomaly(finding: Finding, n: int) -> Anomaly:
    moved = finding.moved[n]
    low, high = moved.band
    return Anomaly(
        timestamp=rfc3339(finding.peak),
        metric=document_name(moved.metric),
        value=float(f"{moved.value:.6g}"),
        baseline_mean=float(f"{moved.expected:.6g}"),
        z_score=z_score(moved),
        severity="high" if z_score(moved) > HIGH_Z else "medium",
        id=finding.id,
        device=moved.device,
        detector=finding.detector,
        start=rfc3339(finding.start),
        end=rfc3339(finding.end) if finding.end else None,
        score=finding.score,
        forest_score=finding.forest,
        expected_low=float(f"{low:.6g}"),
        expected_high=float(f"{high:.6g}"),
        once_in_hours=finding.once_in_h,
        explanation=explain(finding),
    )
