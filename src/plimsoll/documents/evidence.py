"""Why a number or a verdict stands: an `Evidence`, and what is particular to its rule as a typed detail.

A detail says in its member `kind` which it is. Its names are camelCase in the JSON, as those of every document.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from plimsoll.documents.base import Document, TimeRange
from plimsoll.documents.gpus import GpuUse
from plimsoll.documents.time_left import TimeLeft


class Detail(Document, frozen=True, kw_only=True, tag_field="kind"):
    """The base of every detail."""


class ScoreDetail(Detail, frozen=True, kw_only=True, tag="score"):
    """The points that were taken off a score, by what they were taken off for."""

    deductions: Mapping[str, float]


class AvailabilityDetail(Detail, frozen=True, kw_only=True, tag="availability"):
    """What availability was counted from: `requests`, `probes`, or `readings` where nothing else is measured."""

    method: str


class AlertDetail(Detail, frozen=True, kw_only=True, tag="alert"):
    """Whose alert it is, why it is muted, the statement that gives its value again; `what` a rule found, if one did."""

    resource: str
    quiet: str | None
    sql: str | None
    what: str = ""


class SourceCoverage(Document, frozen=True, kw_only=True):
    """What one source was expected to bring, and what arrived."""

    expected: float
    arrived: int


class SilentStretch(Document, frozen=True, kw_only=True):
    """A time without readings; `end` is None while it goes on."""

    start: str
    end: str | None
    minutes: float


class CoverageDetail(Detail, frozen=True, kw_only=True, tag="coverage"):
    """How a resource was read: by source, its silences, and the metrics and devices that were lost since when.

    `standing` is one of `plimsoll.fleet.presence.Standing`: judged, or why it was not.
    """

    expected: float
    sources: Mapping[str, SourceCoverage]
    state: str
    silent: bool
    last_reading: str | None
    silent_since: str | None
    silent_minutes: float
    silences: Sequence[SilentStretch]
    lost_metrics: Mapping[str, str]
    lost_devices: Mapping[str, str]
    standing: str
    judged: bool
    too_new: bool
    aged_out: bool


class ForecastDetail(Detail, frozen=True, kw_only=True, tag="forecast"):
    """How a pool was forecast, how well that did in its own past, and why not where it was not."""

    state: str
    method: str | None
    skill: float | None
    coverage: float | None
    reason: str | None


class ResolutionDetail(Detail, frozen=True, kw_only=True, tag="resolution"):
    """The first and the last day that was read as readings, and as the hourly means that outlive them."""

    readings: Sequence[str] = ()
    hourly_means: Sequence[str] = ()


class DamagedFile(Document, frozen=True, kw_only=True):
    """Why a file was left out, and how many rows it had; None where that is not known."""

    reason: str
    rows: int | None


class DamageDetail(Detail, frozen=True, kw_only=True, tag="damage"):
    """The damaged files by name."""

    files: Mapping[str, DamagedFile]


class JudgedDetail(Detail, frozen=True, kw_only=True, tag="judged"):
    """Why each of the other resources was not compared with its past, by its name."""

    not_judged: Mapping[str, str]


class FindingDetail(Detail, frozen=True, kw_only=True, tag="finding"):
    """One finding of a detector: what stood out, how far, what else moved, and the incident that it is part of."""

    resource: str
    incident: str
    score: float
    severity: str
    open: bool
    isolation_forest: float | None
    z_score: float | None
    direction: str | None
    expected: float | None
    once_in_hours: float | None
    residual: str | None
    moved: Sequence[str]
    explanation: str


class CauseDetail(Document, frozen=True, kw_only=True):
    """A member of an incident that may have caused the others."""

    resource: str
    why: str


class IncidentDetail(Detail, frozen=True, kw_only=True, tag="incident"):
    """What an incident is made of: ids of findings and of resources, those of the likely cause first.

    `reported` is false where it is one of the weaker ones, beyond the number that was asked for; their findings have no
    evidence of their own. `times_a_day` is how often the fleet had something as rare before.
    """

    severity: Literal["medium", "high"]
    is_open: bool
    reported: bool
    is_silence: bool
    resources: list[str]
    members: list[str]
    first: str
    strongest: str
    causes: list[CauseDetail]
    tie: str
    times_a_day: float | None
    explanation: str


class ChangesDetail(Detail, frozen=True, kw_only=True, tag="changes"):
    """What is new, worse and gone since an earlier report: `kind id` of each, as `situation.json` names them."""

    since: str
    was_delivered: bool
    new: list[str]
    worse: list[str]
    gone: list[str]


class GpuFleetDetail(Detail, frozen=True, kw_only=True, tag="gpus"):
    """How many GPUs were read and how many were not; how many would have been enough in their busiest hour."""

    gpus: int
    not_read: int
    busiest_hour_pct: float | None
    enough: int | None
    sized_for_pct: float


class GpuHostDetail(Detail, frozen=True, kw_only=True, tag="hostGpus"):
    """The GPUs of one resource: all together, and each card."""

    model: str
    count: int | None
    not_read: int
    whole: GpuUse
    cards: Sequence[GpuUse]


class PortfolioDetail(Detail, frozen=True, kw_only=True, tag="portfolio"):
    """How many recommendations there are, and how many of them have a price."""

    advice: int
    with_price: int


class MissingMetricDetail(Document, frozen=True, kw_only=True):
    """A metric that is not collected; `per_month` is the cost of the resources that could give it, and no saving."""

    metric: str
    rules: Sequence[str]
    resources: int
    per_month: float | None
    decides: int
    at_stake: float


class MissingMetricsDetail(Detail, frozen=True, kw_only=True, tag="missingMetrics"):
    """The metrics that are not collected, the most valuable first."""

    metrics: Sequence[MissingMetricDetail]


class MeasuredInput(Document, frozen=True, kw_only=True):
    """A reading that went into a number, and the statement that gives it again."""

    value: float
    sql: str


class Symptom(Document, frozen=True, kw_only=True):
    """A finding that another one explains."""

    unit: str
    value: float
    sql: str


class RulesJudgedDetail(Detail, frozen=True, kw_only=True, tag="rulesJudged"):
    """The rules that had enough readings of at least one resource, and those of the others that wait for more."""

    judged: Sequence[str]
    waiting: Sequence[str]


class BottleneckDetail(Detail, frozen=True, kw_only=True, tag="bottleneck"):
    """Of which resource and device a bottleneck is, how heavy it weighs, in which share of the window it was true.

    `time_left` is the forecast that its sentence was made from; null where it speaks of no time.
    """

    resource: str
    device: str | None
    weight: float
    share: float
    sql: str
    symptoms: Mapping[str, Symptom]
    time_left: TimeLeft | None = None


class EstimateDetail(Document, frozen=True, kw_only=True):
    """What advice is worth: low, middle and high, and the formula that gave them."""

    low: float
    middle: float
    high: float
    unit: str
    formula: str


class PriceDetail(Document, frozen=True, kw_only=True):
    """What amounts were made with: the price, its source and date, and what is committed to."""

    per_hour: float
    currency: str
    source: str
    as_of: str | None
    stale_days: int | None
    committed_share: float | None
    committed_until: str | None
    commitment_discount: float | None


class ReplayDetail(Document, frozen=True, kw_only=True):
    """What history says of a change of size: how often it would have been too small, and when most."""

    days: float
    share: float
    breaches: int
    longest_h: float
    worst_pct: float
    worst_at: str


class PlanDetail(Document, frozen=True, kw_only=True):
    """The one size that title, text and paste speak of."""

    what: str
    start: float = msgspec.field(name="from")
    to: float
    unit: str
    until: str
    why: str


class AdviceDetail(Detail, frozen=True, kw_only=True, tag="advice"):
    """What a recommendation rests on; `suppressed` says that it is in no document, by a person or by its record."""

    resource: str
    adviser: str
    bottleneck_id: str
    estimate: EstimateDetail | None
    saving_per_month: float | None
    risk: float | None
    price: PriceDetail | None
    replay: ReplayDetail | None
    change: Mapping[str, str]
    plan: PlanDetail | None
    sql: str
    inputs: Mapping[str, MeasuredInput]
    feedback: str | None
    promises_kept: Sequence[int] | None
    suppressed: bool


class AbstentionDetail(Document, frozen=True, kw_only=True):
    """What is not said of a resource (`advice`, or a rule), why, and when enough will be known."""

    subject: str
    reason: str
    available_at: str | None


class SweepDetail(Detail, frozen=True, kw_only=True, tag="sweep"):
    """What every rule said of a resource: the USE table, and which rules could say nothing."""

    use: Mapping[str, Mapping[str, Mapping[str, Any]]]
    exonerated: Sequence[str]
    missing_metrics: Mapping[str, Sequence[str]]
    abstained: str | None
    abstentions: Sequence[AbstentionDetail]
    coverage: float | None


AnyDetail: TypeAlias = (
    ScoreDetail
    | AvailabilityDetail
    | AlertDetail
    | CoverageDetail
    | ForecastDetail
    | ResolutionDetail
    | DamageDetail
    | JudgedDetail
    | FindingDetail
    | IncidentDetail
    | ChangesDetail
    | GpuFleetDetail
    | GpuHostDetail
    | PortfolioDetail
    | MissingMetricsDetail
    | RulesJudgedDetail
    | BottleneckDetail
    | AdviceDetail
    | SweepDetail
)
D = TypeVar("D", bound=Detail)


class Evidence(Document, frozen=True, kw_only=True):
    """Why a number or a verdict stands: `subject` is the id it belongs to (`overall.healthScore`, an alert's id, ...).

    `observed` and `threshold` are in `unit`; `samples` counts the readings behind it; `detail` holds what is particular
    to the rule (named deductions, coverage, method).
    """

    subject: str
    rule: str
    window: TimeRange
    observed: float | None
    threshold: float | None
    unit: str
    samples: int
    detail: AnyDetail

    def typed(self, kind: type[D]) -> D:
        """Its detail, where it must be of that kind; raises TypeError where it is of another."""
        if not isinstance(self.detail, kind):
            raise TypeError(f"{self.subject} has no {kind.__name__}")
        return self.detail


def detailed(evidence: Iterable[Evidence], kind: type[D]) -> Iterator[tuple[Evidence, D]]:
    """The evidence with a detail of that kind, and that detail."""
    for one in evidence:
        if isinstance(one.detail, kind):
            yield one, one.detail


class SituationEvidence(Document, frozen=True, kw_only=True):
    """The situation of a fleet as a document: an evidence whose detail is every field of the situation, by its name."""

    subject: str
    rule: str
    window: TimeRange
    observed: float | None
    threshold: float | None
    unit: str
    samples: int
    detail: Mapping[str, Any]
