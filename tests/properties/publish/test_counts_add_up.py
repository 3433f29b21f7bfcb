"""Every resource is counted once, and every sentence, document and command that gives counts gives the same ones."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.documents.situation import FILE
from plimsoll.documents.situation import State as Verdict
from plimsoll.fleet.presence import Presence, State
from plimsoll.fleet.resources import Resource
from plimsoll.publish.views import counts
from plimsoll.publish.views.situation import detail_of, of_presences
from plimsoll.publish.views.verdict import judge
from plimsoll.publish.views.view import counts_sentence
from plimsoll.schedule.status import last_report
from tests.situations import END, MOMENT

WORDS = (counts.TOO_NEW, counts.TOO_SELDOM, counts.SILENT, counts.NOT_DUE, counts.NOT_SEEN)


@st.composite
def presences(draw: st.DrawFn) -> list[Presence]:
    """A fleet in which each resource was read, or not, in any way that there is."""
    found: list[Presence] = []
    for n in range(draw(st.integers(1, 12))):
        state: State = draw(st.sampled_from(get_args(State)))
        last = None if state == "never read" else END - timedelta(hours=draw(st.integers(0, 400)))
        found.append(
            Presence(
                resource_id=f"r{n}",
                state=state,
                last=last,
                in_window=last is not None and last >= END - timedelta(days=1),
                known_since=END - timedelta(days=30),
                young=draw(st.booleans()),
                aged_out=state != "read" and draw(st.booleans()),
            )
        )
    return found


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, "judged"),
        ({"young": True}, "too new"),
        ({"in_window": False}, "too seldom"),
        ({"in_window": False, "young": True}, "too seldom"),
        ({"state": "silent", "young": True}, "silent"),
        ({"state": "never read", "in_window": False}, "silent"),
        ({"state": "ended"}, "not due"),
        ({"state": "silent", "aged_out": True}, "not seen"),
        ({"state": "ended", "aged_out": True}, "not seen"),
    ],
)
def test_each_resource_has_one_standing(changes: dict[str, Any], standing: str) -> None:
    """What is not read at the end is that before anything else; what has no reading in the window was not judged."""
    whole: dict[str, Any] = {"resource_id": "a", "state": "read", "last": END, "in_window": True}
    assert Presence(**{**whole, **changes}).standing == standing


def numbers(sentence: str) -> dict[str, int]:
    """What a sentence counts, by its words."""
    return {
        word: int(found[1])
        for word in WORDS
        if (found := re.search(rf"([\d,]+) (?:of [\d,]+ (?:is|are) )?{word}", sentence))
    }


def _of_lines(second: str) -> int:
    """Stayed under, crossed, without a line, not read: what the second line says of lines, each resource once."""
    texts = (
        r"([\d,]+) of [\d,]+ resources? stayed",
        r"([\d,]+) crossed;",
        r"([\d,]+) without a line",
        r"([\d,]+) not read",
    )
    found = sum(int(one[1]) for text in texts if (one := re.search(text, second)))
    both = re.search(r"([\d,]+) of which crossed", second)
    return found - (int(both[1]) if both else 0)


@settings(max_examples=200, deadline=None)
@given(presences(), st.data())
def test_counts_add_up_to_all_resources(found: list[Presence], data: st.DataObject) -> None:
    """In the situation, the second line, the list of who is not read, the evidence, and what `status` reads of it."""
    resources = [Resource(resource_id=one.resource_id, name=one.resource_id, type="cluster") for one in found]
    there = [one.resource_id for one in found if not one.aged_out]
    some = st.lists(st.sampled_from(there), unique=True) if there else st.just(list[str]())
    now = replace(of_presences(resources, found, END), crossed=data.draw(some), without_line=data.draw(some))
    assert now.counts.total == now.total == len(resources)
    second = counts_sentence(now)
    judged = re.search(r"(\d+) judged", second)
    given_out = numbers(second.partition("judged")[2])
    assert (int(judged[1]) if judged else now.total) + sum(given_out.values()) == now.total
    assert f"{now.counts.not_read} not read at the end" in second
    assert _of_lines(second) + now.counts.too_seldom == now.total
    absent = numbers(counts.not_read(now))
    assert sum(absent.values()) == now.counts.not_read
    assert absent.items() <= given_out.items()
    verdict = judge(now, MOMENT)
    told = numbers(verdict.facts)
    assert all(given_out[word] == count for word, count in told.items() if word != counts.SILENT)
    if now.state is Verdict.CALM:
        under = now.stayed_under + now.unlined
        assert under + sum(told.values()) - told.get(counts.TOO_NEW, 0) == now.total


@settings(max_examples=40, deadline=None)
@given(presences())
def test_status_says_what_the_report_says(found: list[Presence]) -> None:
    """From the published situation, word for word as the page counts."""
    resources = [Resource(resource_id=one.resource_id, name=one.resource_id, type="cluster") for one in found]
    now = of_presences(resources, found, END)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "published" / "latest" / FILE
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"window": {"end": "x"}, "detail": detail_of(now, state="Steady.", facts="a.")}))
        told = last_report(Path(folder))
    assert told is not None
    assert told.counts == now.counts
    assert told.counts.total == told.total
    assert counts.unjudged(told.counts) == counts.why_not_judged(now)
