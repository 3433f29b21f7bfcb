"""Hostile names through page, mail, webhook, CSV, terminal and file names: inert everywhere (B62 to B70)."""

import csv
import io
import json
import re
from dataclasses import replace
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from plimsoll import documents
from plimsoll.delivery.channels import channels
from plimsoll.delivery.message import MailContent, message
from plimsoll.delivery.post import encoded
from plimsoll.publish import files
from plimsoll.publish.render import html
from plimsoll.publish.render.csv_tables import csv_files
from plimsoll.publish.render.mail import compose
from plimsoll.publish.render.prometheus import metrics
from plimsoll.publish.render.terminal import show
from plimsoll.publish.views.report_input import ReportInput
from plimsoll.publish.views.situation import situation_of
from plimsoll.publish.views.view import view
from tests.reports import fleet_report, templates

NAMES = (
    "<b>bold</b>",
    '"><script>alert(1)</script>',
    "javascript:alert(1)",
    "</script><script>alert(2)</script>",
    "{{ 7*7 }}{% raw %}",
    "${x}%n%s",
    "=HYPERLINK(1)",
    "a\r\nBcc: evil@example.org",
    "../../etc/passwd",
    "C:\\x\0CON.",
    "\u202eevil\u200b\u0301\u0301\u0301",
    "\x1b[2J\x07\u2028\u2029",
    "007",
    "__proto__",
    "x" * 300,
    "\ud83d unpaired",
    "",
    "   ",
    "  =cmd()",
    "\ufeff=cmd()",
    "\uff1dcmd()",
    "\u00a0+1",
    "a;=1",
    "|cmd",
)


def report_with(names: tuple[str, ...]) -> ReportInput:
    """A report in which every resource has a hostile name, and alerts speak of them."""
    report = fleet_report(resources=len(names))
    named = [replace(r, name=name) for r, name in zip(report.resources, names, strict=True)]
    return replace(report, resources=named, fleet=names[1])


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes it."""
        self.found.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """The tags of a page."""
    parser = Tags()
    parser.feed(page)
    return parser.found


@pytest.fixture(scope="module")
def hostile() -> ReportInput:
    """The report."""
    return report_with(NAMES)


def test_the_page_has_the_same_tags_as_that_of_a_harmless_fleet(hostile: ReportInput) -> None:
    """B38, B62, B63, B67, B68: no name becomes a tag, an attribute that acts, or a template."""
    harmless = report_with(tuple(f"name-{n}" for n in range(len(NAMES))))
    pages = [
        html.render(view(one, document_sha256="0" * 64), "daily.html.j2", folders=templates()).decode()
        for one in (hostile, harmless)
    ]
    counted = [sorted(tag for tag, _ in tags(page)) for page in pages]
    assert counted[0] == counted[1]
    for _, attributes in tags(pages[0]):
        assert not [name for name in attributes if name.startswith("on")]
        assert not (attributes.get("href") or "").startswith("javascript:")
    assert not re.search(r">\s*49\s*<", pages[0])  # as text beside others it is a count
    assert "{{ 7*7 }}" in pages[0]
    assert "\u202e" not in pages[0]
    assert "\x1b" not in pages[0]


def test_the_mail_has_one_subject_and_no_more_headers(hostile: ReportInput) -> None:
    """B65: subject, headers and both bodies."""
    parts = compose(
        view(hostile, document_sha256="0" * 64),
        end=hostile.end, role="operations", why="", link="", also=(), folders=templates(),
    )  # fmt: skip
    letter = MailContent(
        kind="daily", verdict="x", subject=f"{parts.subject} {NAMES[7]}", text=parts.text, html=parts.html,
        pictures=parts.pictures,
    )  # fmt: skip
    raw = message(letter, sender="a@example.org", to="b@example.org", identity="<1@example.org>", fleet=hostile.fleet)
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Bcc"] is None
    assert len(mail.get_all("Subject", [])) == 1
    assert not [tag for tag, _ in tags(parts.html) if tag == "script"]
    assert "\x1b" not in parts.text


def test_documents_and_webhooks_are_valid_json_with_the_names_as_they_are(hostile: ReportInput) -> None:
    """Nothing is lost, nothing breaks out; Slack's own markup is escaped."""
    named = [resource.name for resource in hostile.resources if resource.name.isprintable()]
    raw = documents.encode({"names": named})
    assert json.loads(raw)["names"] == named
    told: dict[str, Any] = {
        "kind": "daily",
        "fleet": NAMES[1],
        "state": "Steady.",
        "facts": NAMES[0],
        "link": "",
        "alerts": [],
    }
    slack = channels()["slack"].report
    assert slack is not None
    assert "<script>" not in json.loads(encoded(slack(told, "")))["text"]


def test_a_spreadsheet_sees_text_and_a_terminal_no_escapes(hostile: ReportInput) -> None:
    """B64, B68: CSV cells, the terminal's summary, and the text file of few series."""
    rows = list(csv.reader(io.StringIO(csv_files(hostile)["resources.csv"].decode(), newline="")))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@", "\t"))]
    sink = io.StringIO()
    show(view(hostile, document_sha256="0" * 64), Console(file=sink, width=92), paths=["p"])
    assert "\x1b[2J" not in sink.getvalue()
    assert "\x07" not in sink.getvalue()
    assert "script" not in metrics(hostile, situation_of(hostile)).decode()


def test_names_never_reach_the_file_system(hostile: ReportInput, tmp_path: Path) -> None:
    """B66: published files have names of the program's own."""
    page = html.render(view(hostile, document_sha256="0" * 64), "daily.html.j2", folders=templates())
    made = {"daily.html": page, **csv_files(hostile)}
    files.publish(tmp_path / "published", made, start=hostile.start, end=hostile.end, generation="1")
    assert {path.name for path in tmp_path.iterdir()} == {"published"}
    for path in (tmp_path / "published").rglob("*"):
        assert path.name.isascii()
        assert all(char.isalnum() or char in "._-" for char in path.name)
