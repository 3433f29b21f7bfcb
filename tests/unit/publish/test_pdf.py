"""PDF, the extra: made offline from the same view, tagged, the same bytes each time; without its package said so."""

import io
import sys
from dataclasses import replace

import pytest
from pypdf import PdfReader

from plimsoll.errors import PlimsollError
from plimsoll.publish.render.pdf import pdf
from plimsoll.publish.views.actions import Action
from plimsoll.publish.views.capacity_view import capacity_view
from plimsoll.publish.views.view import ReportView, view
from tests.reports import fleet_report, fleet_review, templates


def drawn() -> ReportView:
    """The daily view of 48 resources."""
    return view(fleet_report(), document_sha256="0" * 64)


def words_of(made: bytes) -> str:
    """All the text, on one line."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages).split())


def made(of: ReportView) -> bytes:
    """The PDF; skips where Pango, which comes from the system, is missing."""
    try:
        return pdf(of, folders=templates())
    except PlimsollError as error:
        if "Pango" in str(error):
            pytest.skip(str(error))
        raise


def test_it_says_what_the_page_says() -> None:
    """Verdict, actions, alerts; few pages, few bytes, tagged."""
    page = drawn()
    first = made(page)
    text = words_of(first)
    assert page.verdict.state in text
    assert page.actions is not None
    titles = [one.title for one in page.actions.rows if isinstance(one, Action)]
    assert titles
    for name in (*titles, *(one.resource for one in page.alerts)):
        assert " ".join(name.split())[:20] in text
    document = PdfReader(io.BytesIO(first))
    assert len(document.pages) <= 5
    assert len(first) < 200_000
    assert "/MarkInfo" in document.root_object
    assert made(page) == first


def test_hostile_names_are_text() -> None:
    """A name can neither fetch, nor style, nor end the string of the footer."""
    hostile = (
        'x"; } body { display: none } @import url(http://evil.example.org/) <img src="http://evil.example.org/a.png">'
    )
    text = words_of(made(replace(drawn(), fleet=hostile)))
    assert text.count("<img src=") >= 2
    assert drawn().verdict.state in text


def test_the_review_prints_too() -> None:
    """With its charts, two in a row."""
    review = capacity_view(fleet_review(), document_sha256="0" * 64)
    made(drawn())
    text = words_of(pdf(review, folders=templates()))
    assert review.verdict.state in text
    assert "When to decide" in text


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that brings it."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(PlimsollError, match=r"the package weasyprint is missing; pip install 'plimsoll-fleet\[pdf\]'"):
        pdf(drawn(), folders=templates())
