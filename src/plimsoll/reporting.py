"""Makes and publishes a report: documents first, then the page from the same objects, then the manifest."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from plimsoll import documents
from plimsoll.job import Context
from plimsoll.publish import files, html
from plimsoll.publish.report_input import Made
from plimsoll.publish.view import ReportView, view


@dataclass(frozen=True, slots=True)
class Published:
    """A report as it was published: its view, and where its files are."""

    view: ReportView
    folder: Path

    @property
    def page(self) -> Path:
        """The HTML page."""
        return self.folder / "daily.html"


def daily(context: Context) -> Published:
    """The daily report of the context's instant."""
    from plimsoll.answers.report import daily as answer

    sources = context.sources()
    made = Made(version=context.version, at=context.clock.now(), generation=sources.snapshot.generation)
    report = answer(sources, made)
    document = documents.encode(report.document)
    page = view(report, document_sha256=hashlib.sha256(document).hexdigest())
    published = {
        "performance.json": document,
        "evidence.json": documents.encode(list(report.evidence)),
        "daily.html": html.render(page, "daily.html.j2", folders=context.templates),
    }
    folder = files.publish(context.published, published, start=report.start, end=report.end, generation=made.generation)
    return Published(page, folder)
