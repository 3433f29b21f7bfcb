"""Makes and publishes a report: documents first, then the page from the same objects, then the manifest."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from plimsoll import documents
from plimsoll.clock import instant, rfc3339
from plimsoll.documents.capacity import promises as capacity_promises
from plimsoll.documents.evidence import SituationEvidence
from plimsoll.documents.report_kinds import CAPACITY, REPORT_KINDS
from plimsoll.documents.situation import FILE as SITUATION_FILE
from plimsoll.documents.situation import Uncovered
from plimsoll.fleet.resources import Resource
from plimsoll.ledger import Ledger, Run
from plimsoll.project.context import Context
from plimsoll.publish import files, revisions
from plimsoll.publish.render import csv_tables, html, prometheus
from plimsoll.publish.revisions import ends_before, revision, situation_at
from plimsoll.publish.views.capacity_view import CapacityView, capacity_view
from plimsoll.publish.views.changes import evidence_of_changes
from plimsoll.publish.views.report_input import Earlier, Made, ReportInput
from plimsoll.publish.views.situation import evidence_of
from plimsoll.publish.views.view import ReportView, view

_KEPT = timedelta(days=90)
_LONGEST_SINCE = timedelta(days=14)
_REVISED_WITHIN = timedelta(days=1)
_TOLD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """A report as it was published: its view, its page and document in the folder, the sections that failed.

    `start` is where its window begins; None where it has none.
    """

    view: ReportView | CapacityView
    folder: Path
    page_name: str
    document_name: str
    end: datetime
    alerts: Sequence[Mapping[str, str]] = ()
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    revision: int = 1
    start: datetime | None = None

    @property
    def page(self) -> Path:
        """The HTML page."""
        return self.folder / self.page_name

    @property
    def document(self) -> Path:
        """The JSON document that the page was made from."""
        return self.folder / self.document_name


def daily(context: Context) -> PublishedReport:
    """The daily report of the context's instant."""
    return _whole(context, _answered(context, "daily"))


def weekly(context: Context) -> PublishedReport:
    """The weekly report of the context's instant."""
    return _whole(context, _answered(context, "weekly"))


def revised(context: Context, kind: str) -> PublishedReport | None:
    """The last report of a kind as a new revision, where readings that arrived later changed its document."""
    window = revisions.last_window(context.published, REPORT_KINDS[kind].document)
    if window is None or not timedelta(0) < context.as_of - window[1] <= _REVISED_WITHIN:
        return None
    report = _answered(replace(context, start=window[0], as_of=window[1]), kind)
    return _whole(context, report) if report.made.revision.is_new else None


def owner_view(context: Context, whole: PublishedReport, kind: str, owner: str) -> PublishedReport:
    """The same report over one owner's resources alone, from the same rules; it is not published in the feeds."""
    from plimsoll.queries.report import report as answer

    def theirs(resource: Resource) -> bool:
        return resource.labels.get("owner") == owner

    sources = replace(replace(context, as_of=whole.end).sources(), sees=theirs)
    made = _made(context, sources.snapshot.generation, REPORT_KINDS[kind].job)
    part = answer(sources, made, kind, start=whole.start, parts=("optimization", "gpus"))
    page = view(part, document_sha256=_sha256(documents.encode(part.document)))
    if isinstance(whole.view, ReportView):
        share = f"Yours: {len(part.resources):,} of the {whole.view.count:,} resources of {whole.view.fleet}."
        page = replace(page, notices=[share, *page.notices])
    return PublishedReport(page, context.published, "", "", part.end, _alerts(part), part.failed, whole.revision)


def _answered(context: Context, kind: str) -> ReportInput:
    """The report's input, and which revision of its window its document is."""
    from plimsoll.queries.report import report as answer

    sources = context.sources()
    since = context.ledger.outbox.last_sent(kind, context.as_of)
    if since is not None and context.as_of - since > _LONGEST_SINCE:
        since = None
    made = _made(context, sources.snapshot.generation, REPORT_KINDS[kind].job)
    report = answer(sources, made, kind, start=context.start, since=since)
    report = replace(report, earlier=_earlier(context, kind, report, since))
    document = documents.encode(report.document)
    about, now = REPORT_KINDS[kind], context.clock.now()
    which = revision(context.published, about, document, start=report.start, end=report.end, now=now)
    uncovered = _uncovered(context.ledger, about.job, report.start)
    return replace(report, made=replace(report.made, revision=which, uncovered=uncovered))


def _earlier(context: Context, kind: str, report: ReportInput, delivered: datetime | None) -> Earlier | None:
    """The situation that changes are counted from: of the last delivered report, else of the last published one."""
    if not REPORT_KINDS[kind].has_feeds:
        return None
    for end, was_delivered in ((delivered, True), (ends_before(context.published, report.end), False)):
        situation = situation_at(context.published, end) if end is not None else None
        if end is not None and situation is not None:
            return Earlier(end, situation, was_delivered)
    return None


def _whole(context: Context, report: ReportInput) -> PublishedReport:
    kind, document = report.kind, documents.encode(report.document)
    page = view(report, document_sha256=_sha256(document))
    parts = {
        "optimization.json": report.optimization,
        "anomalies.json": report.anomalies,
        "capacity.json": report.capacity,
    }
    made = {name: documents.encode(part) for name, part in parts.items() if part is not None}
    if REPORT_KINDS[kind].has_feeds:
        feeds = {
            "performance.json": document,
            **made,
            "evidence.json": documents.encode(
                [_situation(report, page), *evidence_of_changes(report, page.situation), *report.evidence]
            ),
            SITUATION_FILE: documents.encode(_situation(report, page)),
            **csv_tables.csv_files(report),
            "plimsoll.prom": prometheus.metrics(report, page.situation),
        }
    else:  # the feeds are the day's; a week has its own documents
        feeds = {f"{kind}.json": document, **{f"{kind}-{name}": data for name, data in made.items()}}
    drawn, reason = html.drawn(page, "daily.html.j2", folders=context.templates)
    published = {**feeds, REPORT_KINDS[kind].page: drawn}
    folder = _publish(context, published, report.start, report.end, report.made)
    failed = {**report.failed, **_page_failed(reason)}
    return PublishedReport(
        page, folder, REPORT_KINDS[kind].page, REPORT_KINDS[kind].document, report.end, _alerts(report), failed,
        report.made.revision.number, report.start,
    )  # fmt: skip


def _situation(report: ReportInput, page: ReportView) -> SituationEvidence:
    return evidence_of(report, page.situation, state=page.verdict.state, facts=page.verdict.facts)


def _alerts(report: ReportInput) -> list[dict[str, str]]:
    """The open alerts as other tools get them."""
    return [
        {
            "id": alert.alert_id,
            "severity": alert.severity,
            "resource": alert.resource,
            "metric": alert.metric,
            "message": f"{alert.metric} {alert.current_value:g}, line {alert.threshold:g}",
            "since": alert.timestamp,
        }
        for alert in report.document.alerts
    ]


def capacity(context: Context) -> PublishedReport:
    """The capacity review of the context's instant; what it forecasts is kept, to be compared with what happens."""
    from plimsoll.queries.report import capacity_review as answer

    promises = context.ledger.forecasts
    today = context.as_of.date()
    kept = promises.due(today - _KEPT, today)
    sources = context.sources()
    review = answer(sources, _made(context, sources.snapshot.generation, CAPACITY.job), kept)
    document = documents.encode(review.document)
    start = datetime.fromisoformat(review.document.time_range.start)
    now = context.clock.now()
    which = revision(context.published, CAPACITY, document, start=start, end=review.as_of, now=now)
    uncovered = _uncovered(context.ledger, CAPACITY.job, context.start or start)
    review = replace(review, made=replace(review.made, revision=which, uncovered=uncovered))
    page = capacity_view(review, document_sha256=_sha256(document))
    drawn, reason = html.drawn(page, "capacity.html.j2", folders=context.templates)
    published = {CAPACITY.document: document, CAPACITY.page: drawn}
    folder = _publish(context, published, start, review.as_of, review.made)
    promises.keep(capacity_promises(review.document))
    return PublishedReport(
        page,
        folder,
        CAPACITY.page,
        CAPACITY.document,
        review.as_of,
        (),
        _page_failed(reason),
        review.made.revision.number,
    )


def as_pdf(context: Context, made: PublishedReport) -> bytes:
    """A published report as PDF; PlimsollError says why there is none."""
    from plimsoll.publish.render.pdf import pdf

    return pdf(made.view, folders=context.templates)


def add_pdf(context: Context, made: PublishedReport) -> Path:
    """Publishes the report's PDF beside its page."""
    name = Path(made.page_name).with_suffix(".pdf").name
    entry = files.listed_as(made.page)
    files.publish(
        context.published, {name: as_pdf(context, made)}, start=instant(entry["window"]["start"]), end=made.end,
        generation=entry["generation"], revision=made.revision, now=context.clock.now(),
    )  # fmt: skip
    return made.folder / name


REPORTS: Final[Mapping[str, Callable[[Context], PublishedReport]]] = MappingProxyType(
    {"daily": daily, "weekly": weekly, "capacity": capacity}
)


def _page_failed(reason: str) -> dict[str, str]:
    return {"page": reason} if reason else {}


def _made(context: Context, generation: str, job: str) -> Made:
    ledger = context.ledger
    return Made(
        version=context.version,
        at=context.clock.now(),
        generation=generation,
        cost=_cost(ledger.last_ended(job)),
        undelivered=ledger.outbox.undelivered(context.as_of - _TOLD, context.as_of),
        failed_jobs=_failed_jobs(ledger, context.as_of),
    )


def _failed_jobs(ledger: Ledger, now: datetime) -> list[str]:
    """Windows of the last day that were given up, one line each."""
    found = [run for run in ledger.failures(now - _TOLD) if run.started <= now and run.outcome == "failed"]
    return [
        f"{run.job}: the window to {rfc3339(run.window_end)} failed: {run.detail or run.cause or 'no reason noted'}"
        for run in found
    ]


def _uncovered(ledger: Ledger, job: str, start: datetime) -> list[Uncovered]:
    """The windows right before one that were given up: their readings are in no report."""
    runs = ledger.given_up_before(job, start)
    if not runs:
        return []
    why = dict.fromkeys(run.detail or run.cause or "no reason noted" for run in reversed(runs))
    return [Uncovered(runs[-1].window_start, start, "; ".join(why))]


def _cost(run: Run | None) -> str:
    """What the report before took, as far as it was measured."""
    if run is None or run.seconds is None:
        return ""
    parts = [f"{run.seconds:.1f} s"]
    if run.cpu_s is not None:
        parts.append(f"{run.cpu_s:.1f} CPU seconds")
    if run.max_rss_bytes is not None:
        parts.append(f"{run.max_rss_bytes / 1e6:.0f} MB")
    return ", ".join(parts)


def _publish(context: Context, published: Mapping[str, bytes], start: datetime, end: datetime, made: Made) -> Path:
    return files.publish(
        context.published, published, start=start, end=end, generation=made.generation,
        revision=made.revision.number, replaces=made.revision.replaces, changed=made.revision.changed,
        now=context.clock.now(),
    )  # fmt: skip


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
