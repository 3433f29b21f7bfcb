"""The capacity review's page: its verdict, its words, inert names, the same bytes each time."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec
import pytest
from msgspec import structs

from plimsoll.documents.capacity import CapacityDocument, Pool
from plimsoll.publish.render import html
from plimsoll.publish.views.capacity_verdict import judge, since
from plimsoll.publish.views.capacity_view import capacity_view
from plimsoll.publish.views.report_input import CapacityInput
from tests.reports import fleet_review, templates

TODAY = date(2026, 1, 16)


def page(review: CapacityInput) -> str:
    """The review's HTML."""
    view = capacity_view(review, document_sha256="0" * 64)
    return html.render(view, "capacity.html.j2", folders=templates()).decode()


def changed(review: CapacityInput, document: CapacityDocument) -> CapacityInput:
    """The same review with another document."""
    return CapacityInput(
        zone=review.zone,
        as_of=review.as_of,
        document=document,
        previous=review.previous,
        delivery_days=review.delivery_days,
        made=review.made,
    )


def crossing_pool(document: CapacityDocument) -> Pool:
    """The pool that the demo fleet is about to fill."""
    return next(pool for pool in document.pools if pool.decide_by)


def test_the_verdict_is_the_soonest_day_to_decide() -> None:
    """Late while it has passed, the day while it is ahead, calm where nothing crosses."""
    document = fleet_review().document
    late = judge(document, TODAY)
    assert late.state == "Late:"
    assert crossing_pool(document).name in late.facts
    assert document.summary.decide_by
    ahead = msgspec.structs.replace(document.summary.decide_by, date="2026-01-20", days=4, late=False)
    summary = msgspec.structs.replace(document.summary, decide_by=ahead)
    soon = judge(msgspec.structs.replace(document, summary=summary), TODAY)
    assert (soon.state, soon.color) == ("Decide by Tuesday 20 January.", "medium")
    nothing = msgspec.structs.replace(document.summary, decide_by=None)
    calm = judge(msgspec.structs.replace(document, summary=nothing), TODAY)
    assert (calm.state, calm.color) == ("Nothing to decide before 17 March.", "ok")
    empty = msgspec.structs.replace(document.summary, measured=0)
    assert judge(msgspec.structs.replace(document, summary=empty), TODAY).state == "Cannot tell."


def test_what_moved_is_told_against_the_review_before() -> None:
    """The two largest changes; without a review before, that there is none."""
    review = fleet_review()
    assert review.previous
    assert since(review.document, review.previous).startswith("Since the review of 9 Jan: ")
    assert since(review.document, None).startswith("First review")


def test_every_pool_is_on_the_page_with_its_numbers() -> None:
    """A dozen with a drawing, the rest in a table; each drawing says its numbers in words."""
    text = page(fleet_review())
    for pool in fleet_review().document.pools:
        assert pool.name in text
    assert text.count('class="chart"') == 12
    assert re.search(r'aria-label="[^"]+\u202f% of 200 TB in use; growing [\d.]+ a day; [\d.]+ (?:h|days?) \(', text)
    assert text.count("✓ recommended") == 1


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a\x1b[2J\u202eb"])
def test_a_hostile_pool_is_text_and_nothing_else(name: str) -> None:
    """In the verdict, the drawings and the tables."""
    review = fleet_review()
    hit = crossing_pool(review.document)
    pools = [msgspec.structs.replace(p, name=name) if p.id == hit.id else p for p in review.document.pools]
    calm, hostile = page(review), page(changed(review, msgspec.structs.replace(review.document, pools=pools)))
    assert hostile.count("<script") == calm.count("<script") == 1
    assert "<img" not in hostile
    assert not set("\x1b\u202e") & set(hostile)


def test_an_empty_fleet_has_a_page_too() -> None:
    """It says what a review needs."""
    review = fleet_review()
    summary = msgspec.structs.replace(
        review.document.summary, pools=0, measured=0, crossing=0, over=0, soonest=None, decide_by=None, room_points=None
    )
    trust = msgspec.structs.replace(review.document.trust, past=[], of=0, inside=0, mean_error=None)
    document = msgspec.structs.replace(review.document, pools=[], resources=[], summary=summary, trust=trust)
    text = page(changed(review, document))
    assert "Cannot tell." in text
    assert "No pool has enough readings yet" in text
    assert "No forecast has come due yet." in text


@pytest.mark.parametrize(
    ("inside", "of", "says"),
    [
        (5, 6, "too few to judge the bands by"),
        (17, 20, "as honest as they claim"),
        (10, 20, "too narrow"),
        (20, 20, "wider than needed"),
    ],
)
def test_bands_are_judged_where_enough_forecasts_came_due(inside: int, of: int, says: str) -> None:
    """Five of six may lie inside by chance: nothing is claimed of so few."""
    review = fleet_review()
    trust = msgspec.structs.replace(review.document.trust, inside=inside, of=of, mean_error=1.0)
    assert says in page(changed(review, msgspec.structs.replace(review.document, trust=trust)))


def test_the_same_review_is_the_same_bytes() -> None:
    """Nothing but the input decides."""
    assert page(fleet_review()) == page(fleet_review())
    assert fleet_review().as_of == datetime(2026, 1, 16, 18, tzinfo=UTC)
    assert len(page(fleet_review()).encode()) < 150_000


def test_a_review_without_a_pool_says_nothing_calm() -> None:
    """Neither that none crosses, nor that it costs nothing, nor that there is nothing to choose."""
    review = fleet_review()
    summary = structs.replace(
        review.document.summary, pools=0, measured=0, crossing=0, over=0, soonest=None, decide_by=None, room_points=None
    )
    empty = replace(review, document=structs.replace(review.document, pools=[], summary=summary))
    shown = capacity_view(empty, document_sha256="0" * 64)
    assert (shown.verdict.state, {tile.value for tile in shown.tiles[1:]}) == ("Cannot tell.", {"–"})
    page = html.render(shown, "capacity.html.j2", folders=templates()).decode()
    assert "Not judged: no pool has enough readings." in page
    assert "✓ Nothing to choose" not in page
    assert "all measured" not in page
