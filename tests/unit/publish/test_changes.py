"""What is new, gone and worse since the last delivered report: in the page, the mail's line, and the evidence."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from plimsoll.documents import encode
from plimsoll.documents.changes import changes
from plimsoll.documents.evidence import ChangesDetail
from plimsoll.publish import files
from plimsoll.publish.render import html
from plimsoll.publish.render.mail import compose
from plimsoll.publish.revisions import ends_before, situation_at
from plimsoll.publish.views.changes import evidence_of_changes
from plimsoll.publish.views.report_input import Earlier, ReportInput
from plimsoll.publish.views.situation import evidence_of, plain, situation_of
from plimsoll.publish.views.view import view
from tests.reports import fleet_report, templates
from tests.situations import END, absent, crossing, incident, opened, situation


def test_each_thing_is_new_gone_worse_or_as_it_was() -> None:
    """By its id: a name that is silent, an alert that became high, a crossing that came nearer than time explains."""
    before = situation(
        open=opened("medium", "high"), silent=[absent("s1")], crossings=[crossing("v1", 30), crossing("v2", 30)]
    )
    now = situation(
        open=opened("high", "high"), silent=[absent("s2")], incidents=[incident("x")],
        crossings=[crossing("v1", 29), crossing("v2", 9)],
    )  # fmt: skip
    found = changes(plain(before), plain(now), days=1)
    assert [(one.kind, one.name) for one in found.new] == [("silent", "s2"), ("incident", "x")]
    assert [(one.kind, one.name) for one in found.gone] == [("silent", "s1")]
    assert [(one.now.kind, one.now.name) for one in found.worse] == [("alert", "h0"), ("crossing", "v2")]
    assert not changes(plain(now), plain(now), days=0)
    assert [one.name for one in changes(plain(now), plain(situation()), days=1).new] == []


def earlier_of(report: ReportInput, **changed: Any) -> ReportInput:  # noqa: ANN401 - the situation's own fields
    """The report, with an earlier one of the day before whose situation differed."""
    before = plain(replace(situation_of(report), **changed))
    return replace(report, earlier=Earlier(report.end - timedelta(days=1), before, was_delivered=True))


def test_page_mail_and_evidence_count_the_same() -> None:
    """The sentence's numbers are those of the evidence, and each row names its resource."""
    report = fleet_report()
    now = situation_of(report)
    assert now.open
    report = earlier_of(report, open=now.open[1:], silent=[*now.silent, absent("gone-for-lunch")])
    made = view(report, document_sha256="0" * 64)
    assert made.changes is not None
    assert made.changes.sentence.endswith("1 new, 0 worse, 1 gone.")
    assert [(row.change, row.resource) for row in made.changes.rows] == [
        ("new", now.open[0].name), ("gone", "gone-for-lunch"),
    ]  # fmt: skip
    (proof,) = evidence_of_changes(report, made.situation)
    assert isinstance(proof.detail, ChangesDetail)
    assert (proof.detail.new, proof.detail.gone) == ([f"alert {now.open[0].id}"], ["silent gone-for-lunch"])
    page = html.render(made, "daily.html.j2", folders=templates()).decode()
    sent = compose(made, end=report.end, role="operations", why="", link="", also=[], folders=templates())
    for text in (page, sent.html, " ".join(sent.text.split())):
        assert "1 new, 0 worse, 1 gone." in text
    assert view(fleet_report(), document_sha256="0" * 64).changes is None


def test_the_situation_of_a_window_is_found_again(tmp_path: Path) -> None:
    """By the end of its window, also where two windows end on one day; another window's is not taken for it."""
    report, ends = fleet_report(), [END - timedelta(hours=12), END, END + timedelta(days=1)]
    for end in ends:
        own = replace(report, end=end)
        now = situation_of(own)
        data = encode(evidence_of(own, now, state="Steady.", facts=f"{end}"))
        page = {"situation.json": data, "daily.html": b"<p>"}
        files.publish(tmp_path, page, start=end - timedelta(days=1), end=end, generation="g", now=ends[-1])
    for end in ends:
        known = situation_at(tmp_path, end)
        assert known is not None
        assert known["facts"] == f"{end}"
    assert situation_at(tmp_path, END + timedelta(hours=1)) is None
    assert [ends_before(tmp_path, end) for end in (ends[0], *ends[1:])] == [None, ends[0], ends[1]]
