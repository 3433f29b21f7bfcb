"""Makes and publishes a report: documents first, then the page from the same objects, then the manifest."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from plimsoll import capacity_document, documents
from plimsoll.inventory import Resource
from plimsoll.job import Context
from plimsoll.ledger import Ledger, Promises, Run
from plimsoll.ledger.outbox import Outbox
from plimsoll.publish import files, html, tables, textfile
from plimsoll.publish.capacity_view import CapacityView, capacity_view
from plimsoll.publish.report_input import Made, ReportInput
from plimsoll.publish.view import ReportView, view

_KEPT = timedelta(days=90)
_LONGEST_SINCE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Published:
    """A report as it was published: its view, its page and document in the folder, the sections that failed."""

    view: ReportView | CapacityView
    folder: Path
    page_name: str
    document_name: str
    end: datetime
    alerts: Sequence[Mapping[str, str]] = ()
    failed: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def page(self) -> Path:
        """The HTML page."""
        return self.folder / self.page_name

    @property
    def document(self) -> Path:
        """The JSON document that the page was made from."""
        return self.folder / self.document_name


def daily(context: Context) -> Published:
    """The daily report of the context's instant."""
    return _whole(context, "daily")


def weekly(context: Context) -> Published:
    """The weekly report of the context's instant."""
    return _whole(context, "weekly")


def of_owner(context: Context, kind: str, owner: str) -> Published:
    """The same report over one owner's resources alone, from the same rules; it is not published in the feeds."""
    from plimsoll.answers.report import report as answer

    def theirs(resource: Resource) -> bool:
        return resource.labels.get("owner") == owner

    sources = replace(context.sources(), sees=theirs)
    part = answer(sources, _made(context, sources.snapshot.generation, JOBS[kind]), kind, parts=("optimization",))
    page = view(part, document_sha256=_sha256(documents.encode(part.document)))
    return Published(page, context.published, "", "", part.end, _alerts(part), part.failed)


def _whole(context: Context, kind: str) -> Published:
    from plimsoll.answers.report import report as answer

    sources = context.sources()
    since = Outbox(context.data / "ledger.sqlite").last_sent(kind, context.as_of)
    if since is not None and context.as_of - since > _LONGEST_SINCE:
        since = None
    report = answer(sources, _made(context, sources.snapshot.generation, JOBS[kind]), kind, since=since)
    document = documents.encode(report.document)
    page = view(report, document_sha256=_sha256(document))
    parts = {
        "optimization.json": report.optimization,
        "anomalies.json": report.anomalies,
        "capacity.json": report.capacity,
    }
    made = {name: documents.encode(part) for name, part in parts.items() if part is not None}
    if kind == "daily":
        feeds = {
            "performance.json": document,
            **made,
            "evidence.json": documents.encode(list(report.evidence)),
            **tables.csv_files(report),
            "plimsoll.prom": textfile.metrics(report),
        }
    else:  # the feeds are the day's; a week has its own documents
        feeds = {f"{kind}.json": document, **{f"{kind}-{name}": data for name, data in made.items()}}
    published = {**feeds, f"{kind}.html": html.render(page, "daily.html.j2", folders=context.templates)}
    folder = _publish(context, published, report.start, report.end, report.made)
    named = "performance.json" if kind == "daily" else f"{kind}.json"
    return Published(page, folder, f"{kind}.html", named, report.end, _alerts(report), report.failed)


def _alerts(report: ReportInput) -> list[dict[str, str]]:
    """The open alerts as other tools are told of them."""
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


def capacity(context: Context) -> Published:
    """The capacity review of the context's instant; what it forecasts is kept, to be held against what happens."""
    from plimsoll.answers.report import capacity_review as answer

    promises = Promises(context.data / "ledger.sqlite")
    today = context.as_of.date()
    kept = promises.due(today - _KEPT, today)
    sources = context.sources()
    review = answer(sources, _made(context, sources.snapshot.generation, "capacity_review"), kept)
    document = documents.encode(review.document)
    page = capacity_view(review, document_sha256=_sha256(document))
    published = {
        "capacity.json": document,
        "capacity.html": html.render(page, "capacity.html.j2", folders=context.templates),
    }
    start = datetime.fromisoformat(review.document.time_range.start)
    folder = _publish(context, published, start, review.as_of, review.made)
    promises.keep(capacity_document.promises(review.document))
    return Published(page, folder, "capacity.html", "capacity.json", review.as_of)


REPORTS: Final[Mapping[str, Callable[[Context], Published]]] = MappingProxyType(
    {"daily": daily, "weekly": weekly, "capacity": capacity}
)
JOBS: Final = MappingProxyType({"daily": "daily_report", "weekly": "weekly_report", "capacity": "capacity_review"})


def _made(context: Context, generation: str, job: str) -> Made:
    cost = _cost(Ledger(context.data / "ledger.sqlite").last_ended(job))
    return Made(version=context.version, at=context.clock.now(), generation=generation, cost=cost)


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
    return files.publish(context.published, published, start=start, end=end, generation=made.generation)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
