"""The sections of the daily report: what to do, what was unusual, what held back, room; empty, failed, hostile."""

import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from plimsoll.documents.optimization import PlatformRecommendation
from plimsoll.publish.render import html
from plimsoll.publish.render.mail import compose
from plimsoll.publish.views import actions, sections
from plimsoll.publish.views.report_input import ReportInput
from plimsoll.publish.views.situation import situation_of
from plimsoll.publish.views.view import view
from tests.reports import fleet_report, templates


def page(report: ReportInput) -> str:
    """The report's HTML."""
    return html.render(view(report, document_sha256="0" * 64), "daily.html.j2", folders=templates()).decode()


def test_at_most_three_things_to_do_one_a_resource() -> None:
    """The most urgent first; what is left out is counted."""
    found = sections.actions(fleet_report(), situation_of(fleet_report()))
    assert found is not None
    rows = [one for one in found.rows if isinstance(one, actions.Action)]
    assert len(rows) == actions.MOST_ACTIONS
    order = [("high", "medium", "low").index(one.severity) for one in rows]
    assert order == sorted(order)
    document = fleet_report().optimization
    assert document is not None
    listed = sum(len(resource.recommendations or ()) for resource in document.resources)
    assert found.unshown == listed - len(rows)
    assert all(one.improves and one.costs for one in rows)


def test_all_advice_is_reachable_in_the_page_and_counted_in_the_mail() -> None:
    """Three open, the rest folded with its id, the platform's with its cost; nothing "costs: costs"."""
    report = fleet_report()
    assert report.optimization is not None
    several = PlatformRecommendation(
        title="Release what stands idle", description="3 resources do no work: a, b, c.", cost_impact="costs nothing"
    )
    document = msgspec.structs.replace(report.optimization, platform_recommendations=[several])
    report = replace(report, optimization=document)
    made = view(report, document_sha256="0" * 64)
    text = html.render(made, "daily.html.j2", folders=templates()).decode()
    listed = [one for resource in document.resources for one in (resource.recommendations or ())]
    assert len(listed) > actions.MOST_ACTIONS
    assert [one.id for one in listed if f"plimsoll explain {one.id}<" not in text] == []
    assert several.title in text
    assert several.description in text
    sent = compose(made, end=report.end, role="operations", why="", link="", also=[], folders=templates())
    rest = len(listed) - actions.MOST_ACTIONS
    for shown in (sent.text, sent.html):
        assert f"{rest} more in the report." in shown
    for shown in (text, sent.text, sent.html):
        assert not re.search(r"costs?:?\s*(</?\w+>\s*)*costs", shown, re.IGNORECASE)


def test_of_equally_urgent_things_the_verdict_s_come_first() -> None:
    """A reader who is told of a resource finds what to do about it."""
    report = fleet_report()
    assert report.optimization is not None
    high = [r for r in report.optimization.resources for one in (r.recommendations or ()) if one.priority == "high"]
    last = high[-1]
    alert = msgspec.structs.replace(report.document.alerts[0], resource=last.resource_id)
    document = msgspec.structs.replace(report.document, alerts=[alert])
    changed = replace(report, document=document, capacity=None)
    found = sections.actions(changed, situation_of(changed))
    assert found is not None
    first = found.rows[0]
    assert isinstance(first, actions.Action)
    assert last.recommendations
    assert first.id == last.recommendations[0].id


def test_the_page_has_every_section() -> None:
    """In the order of the design."""
    text = page(fleet_report())
    titles = ["Do these three things", "The fleet, hour by hour", "Alerts", "What held things back", "Room to the load"]
    places = [text.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert text.count('class="bullet"') > 3


def test_nothing_to_do_is_said() -> None:
    """Instead of an invented list."""
    report = fleet_report()
    assert report.optimization is not None
    calm = [msgspec.structs.replace(r, recommendations=[], bottlenecks=[]) for r in report.optimization.resources]
    quiet = replace(
        report,
        optimization=msgspec.structs.replace(report.optimization, resources=calm),
        anomalies=[],
        document=msgspec.structs.replace(report.document, alerts=[]),
    )
    text = page(quiet)
    assert "Nothing to do" in text
    assert "No action would improve this fleet" in text
    assert "Checked, nothing found" in text
    assert ">Alerts</h2>" not in text


@pytest.mark.parametrize("part", ["optimization", "anomalies", "capacity"])
def test_a_section_that_failed_says_why(part: str) -> None:
    """The rest of the report is complete."""
    gone: dict[str, Any] = {part: None}
    broken = replace(fleet_report(), **gone, failed={part: "no space <b>left</b>"})
    text = page(broken)
    assert "This section could not be made: no space &lt;b&gt;left&lt;/b&gt;." in text
    assert "Every resource" in text


def test_sections_that_were_not_asked_for_are_not_there() -> None:
    """No empty heading."""
    bare = replace(fleet_report(), optimization=None, anomalies=None, capacity=None)
    text = page(bare)
    for title in ("Do these three things", "Nothing to do", "What was unusual", "What held things back", "Room to"):
        assert title not in text


def test_what_users_notice_is_named_before_what_is_older() -> None:
    """Of two high alerts the slow answers of a service come first, though the memory has been over for longer."""
    report = fleet_report()
    older = msgspec.structs.replace(
        report.document.alerts[0], severity="high", metric="memory_utilization", timestamp="2020-01-01T00:00:00Z"
    )
    slow = msgspec.structs.replace(older, alert_id="slow", metric="response_time", timestamp="2020-01-02T00:00:00Z")
    document = msgspec.structs.replace(report.document, alerts=[older, slow])
    found = situation_of(replace(report, document=document))
    assert [one.metric for one in found.open] == ["response_time", "memory_utilization"]
