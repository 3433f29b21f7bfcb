"""Page, mail, terminal and documents of one report say the same, also of what is not read."""

import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO

from msgspec import structs
from rich.console import Console

from plimsoll.clock import rfc3339
from plimsoll.documents import Alert
from plimsoll.fleet.presence import LostMetric
from plimsoll.publish.render import html, mail, terminal
from plimsoll.publish.views.report_input import ReportInput
from plimsoll.publish.views.situation import evidence_of, situation_of
from plimsoll.publish.views.view import ReportView, view
from tests.reports import fleet_report, templates


def missing(report: ReportInput) -> ReportInput:
    """The report with one resource that fell silent, one that lost two GPUs, and nothing to do."""
    silent, lost, *rest = report.presences
    since = report.end - timedelta(hours=9)
    gone = tuple(LostMetric("", since, device) for device in ("gpu2", "gpu5"))
    found = [replace(silent, state="silent", last=since), replace(lost, state="read", lost=gone), *rest]
    return replace(report, presences=found)


def shown(report: ReportInput) -> tuple[ReportView, dict[str, str]]:
    """The view, and the text of each channel on one line."""
    seen = view(report, document_sha256="0" * 64)
    page = html.render(seen, "daily.html.j2", folders=templates()).decode()
    parts = mail.compose(seen, end=report.end, role="operations", why="", link="", also=(), folders=templates())
    out = Console(file=StringIO(), width=10_000)
    terminal.show(seen, out, paths=[])
    assert isinstance(out.file, StringIO)
    raw = {"page": _bare(page), "mail": parts.text, "mail as HTML": _bare(parts.html), "terminal": out.file.getvalue()}
    return seen, {name: " ".join(text.split()) for name, text in raw.items()}


def _bare(text: str) -> str:
    """HTML without its tags."""
    return re.sub(r"<[^>]+>", "", re.sub(r"(?s)<(style|script|title)\b.*?</\1>", "", text)).replace("&#39;", "'")


def test_the_verdict_and_the_second_line_are_the_same_everywhere() -> None:
    """Word for word, and as the situation's document has them."""
    report = missing(fleet_report(8, 2))
    seen, texts = shown(report)
    verdict = " ".join(f"{seen.verdict.state} {seen.verdict.facts}".split())
    for name, text in texts.items():
        assert verdict in text, name
        assert " ".join(seen.since.split()) in text, name
    told = evidence_of(report, situation_of(report), state=seen.verdict.state, facts=seen.verdict.facts)
    assert (told.detail["verdict"], told.detail["facts"]) == (seen.verdict.state, seen.verdict.facts)
    assert [one["id"] for one in told.detail["open"]] == [one.alert_id for one in report.document.alerts]


def test_page_and_mail_name_what_is_not_read() -> None:
    """With the same words; the mail of an executive has the verdict alone."""
    seen, texts = shown(missing(fleet_report(8, 2)))
    assert len(seen.absent) >= 2
    assert any("no reading of gpu2, gpu5 since" in one.text for one in seen.absent)
    for name in ("page", "mail", "mail as HTML"):
        for one in seen.absent:
            assert one.text in texts[name], name


def test_every_alert_of_the_document_is_a_row_of_page_and_mail() -> None:
    """Resource, value and line as the document has them."""
    report = fleet_report(8, 2)
    first = report.resources[0]
    alert = Alert(
        alert_id="perf-1",
        severity="high",
        metric="cpu_utilization",
        threshold=91.5,
        current_value=97.3,
        resource=first.resource_id,
        timestamp=rfc3339(report.end - timedelta(hours=3)),
    )
    changed = replace(report, document=structs.replace(report.document, alerts=[alert]))
    seen, texts = shown(changed)
    assert seen.verdict.facts.startswith(f"{first.name} has been over its CPU utilization line for 3 h")
    for name, text in texts.items():
        for said in (first.name, "97.3", "91.5", " ".join(seen.verdict.facts.split())):
            assert said in text, name


def test_nothing_to_do_is_not_said_of_what_was_not_read() -> None:
    """Of a fleet of which a part is missing: as far as it was read; of one that was not read at all: not judged."""
    report = missing(fleet_report(8, 2))
    assert report.optimization is not None
    calm = replace(
        report, optimization=type(report.optimization)(time_range=report.optimization.time_range, resources=[])
    )
    _, texts = shown(calm)
    told = r"○ No action would improve this fleet by more than 2.%, as far as it was read; \d+ of \d+ rules had enough"
    assert re.search(told, texts["page"]) is not None
    dead = replace(calm, presences=[replace(p, in_window=False, state="silent", lost=()) for p in calm.presences])
    _, texts = shown(dead)
    assert "No action would" not in texts["page"]
    assert "Not judged: nothing was read in this window." in texts["page"]
    assert "✓ Not judged" not in texts["page"]
    assert "✓ No alert is open." not in texts["page"]
