"""The page: self-contained, inert whatever a resource is called, within its budgets, the same bytes each time."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import msgspec
import pytest

from plimsoll.publish.render import html
from plimsoll.publish.views.report_input import ReportInput
from plimsoll.publish.views.view import view
from tests.reports import fleet_report, templates

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "../../x",
    "a\x1b[2J\u202eb",
    "x" * 200,
)


def page(report: ReportInput) -> str:
    """The report's HTML."""
    return html.render(view(report, document_sha256="0" * 64), "daily.html.j2", folders=templates()).decode()


def renamed(report: ReportInput, name: str) -> ReportInput:
    """The same report in which the first resource that has an alert has another name."""
    hit = report.document.alerts[0].resource
    resources = [replace(r, name=name) if r.resource_id == hit else r for r in report.resources]
    return replace(report, resources=resources)


class Parts(HTMLParser):
    """What a browser would see: tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps the tag."""
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_and_nothing_else(name: str) -> None:
    """No tag, no attribute, no template, no control character comes of it."""
    calm, hostile = page(fleet_report()), page(renamed(fleet_report(), name))
    assert [t for t, _ in Parts(hostile).tags] == [t for t, _ in Parts(calm).tags]
    assert not [a for _tag, attrs in Parts(hostile).tags for a in attrs if a.startswith("on")]
    assert "49" not in set(re.findall(r"<bdi[^>]*>(\d+)</bdi>", hostile))
    assert not {"\x1b", "\u202e"} & set(hostile)


def test_nothing_is_loaded_and_the_policy_allows_only_our_own_style_and_script() -> None:
    """The hashes are those of the blocks in the page; there is no inline handler and no style attribute."""
    text = page(fleet_report())
    policy = next(a["content"] for _, a in Parts(text).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for kind in ("style", "script"):
        (block,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "http:" not in text
    assert "https:" not in text
    assert not [a for _, attrs in Parts(text).tags for a in attrs if a == "style"]


def test_every_drawing_says_in_words_what_it_shows_and_headings_are_in_order() -> None:
    """For readers who do not see it."""
    tags = Parts(page(fleet_report())).tags
    drawings = [a for t, a in tags if t == "svg" and a.get("role") == "img"]
    assert len(drawings) > 48
    assert all(a.get("aria-label") for a in drawings)
    levels = [int(t[1]) for t, _ in tags if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


@pytest.mark.parametrize(("resources", "budget"), [(5, 150_000), (48, 150_000), (500, 1_000_000), (2000, 3_000_000)])
def test_the_page_stays_within_its_budget(resources: int, budget: int) -> None:
    """150 KB at 50 resources, 1 MB at 500, 3 MB at 2,000; the script is at most 3 KB."""
    text = page(fleet_report(resources, 1))
    assert len(text.encode()) <= budget
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(script) <= 3_000


def test_of_very_many_resources_the_first_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """F51: flagged ones first; how many there are is said, and every one of them is in the mosaic."""
    monkeypatch.setattr("plimsoll.publish.views.view.MOST_ROWS", 10)
    shown = view(fleet_report(), document_sha256="0" * 64)
    assert (len(shown.rows), shown.count) == (10, 48)
    assert shown.rows_sentence.endswith("The first 10 of 48; the JSON documents hold them all.")
    assert shown.rows[0].flagged
    assert str(shown.fleet_picture.mosaic).count("M") >= 48


def test_readings_that_are_all_missing_are_no_readings() -> None:
    """F51: nothing but nulls draws nothing, and says so."""
    report = fleet_report(5, 1)
    gone = {"now": None, "margin": None, "average": None, "peak": None, "last": None}
    standings = [
        replace(one, cells=(None,) * len(one.cells), spark=(None,) * len(one.spark), **gone)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        for one in report.standings
    ]
    text = page(replace(report, standings=standings))
    assert "nan" not in text.lower()
    assert "None" not in text


def test_the_same_input_gives_the_same_bytes() -> None:
    """Nothing of the moment of rendering gets into a page."""
    report = fleet_report()
    assert page(report) == page(replace(report))


def test_a_silent_resource_has_dashes_and_a_broken_line_never_a_zero() -> None:
    """Unknown is not 0: in the list, the strip and the gaps."""
    shown = view(fleet_report(), document_sha256="0" * 64)
    silent = next(row for row in shown.rows if row.state == "silent")
    assert silent.now == "–"
    assert "Silent since 21:55 on 15 Jan, 20 h 5 min. What follows is history." in silent.sentence
    assert any(silent.name in line for column in shown.provenance if column.title == "Gaps" for line in column.lines)
    assert silent.flagged


def test_a_page_without_resources_cannot_tell() -> None:
    """Stated before anything else."""
    report = fleet_report()
    document = msgspec.structs.replace(report.document, resources=[], alerts=[])
    empty = replace(report, resources=[], standings=[], evidence=[], events=[], document=document)
    shown = view(empty, document_sha256="0" * 64)
    assert (shown.verdict.state, shown.verdict.facts) == ("Cannot tell.", "No resource is known yet.")
    assert "No resource is known yet" in page(empty)


def test_the_view_is_plain_values() -> None:
    """What a template gets can be written as JSON: no number is left to compute."""
    shown = view(fleet_report(5, 1), document_sha256="0" * 64)
    assert json.loads(msgspec.json.encode(shown, enc_hook=str))["fleet"] == "this machine"
