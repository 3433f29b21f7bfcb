"""The verdict: the first true row from the bottom up, with facts that name, number and time."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from plimsoll.documents import Alert
from plimsoll.documents.capacity import State
from plimsoll.publish.views.report_input import ReportInput
from plimsoll.publish.views.verdict import Situation, judge
from tests.reports import fleet_report


def report(*severities: str, availability: float | None = 99.9) -> ReportInput:
    """The report of five resources with these alerts open since 09:00."""
    base = fleet_report(5, 1)
    alerts = [
        Alert(
            alert_id=str(n),
            severity=severity,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            metric="gpu_utilization",
            threshold=90,
            current_value=95,
            resource=base.resources[0].resource_id,
            timestamp="2026-01-16T09:00:00Z",
        )
        for n, severity in enumerate(severities)
    ]
    overall = msgspec.structs.replace(base.document.overall, availability_score=availability)
    return replace(base, document=msgspec.structs.replace(base.document, alerts=alerts, overall=overall))


def situation(**changes: Any) -> Situation:  # noqa: ANN401 - the situation's own fields
    """A calm one, but for the changes."""
    return replace(Situation(100.0, [], [], [], []), **changes)


@pytest.mark.parametrize(
    ("severities", "changes", "state"),
    [
        ((), {}, "All calm."),
        ((), {"was_over": ["x"]}, "Steady."),
        ((), {"coverage_pct": 94.0}, "Steady."),
        ((), {"unusual": 1}, "Steady."),
        ((), {"crossings": [(14, "a", "storage_utilization_pct")]}, "Watch this week."),
        ((), {"crossings": [(3, "a", "storage_utilization_pct")]}, "Needs attention today."),
        (("low",), {}, "Steady."),
        (("medium",), {}, "Watch this week."),
        (("high", "medium"), {}, "Needs attention today."),
        (("critical",), {}, "In trouble now."),
        (("medium",), {"over_now": ["a", "b"]}, "In trouble now."),
        (("critical",), {"coverage_pct": 79.0}, "Cannot tell."),
        ((), {"silent_types": ["network"], "silent": ["spine-01"]}, "Cannot tell."),
        ((), {"coverage_pct": None}, "Cannot tell."),
    ],
)
def test_the_first_true_row_from_the_bottom_up_wins(
    severities: tuple[str, ...], changes: dict[str, Any], state: str
) -> None:
    """Not knowing comes before everything, trouble before attention, attention before calm."""
    assert judge(report(*severities), situation(**changes)).state == state


def test_low_availability_is_trouble() -> None:
    """Even with no line crossed."""
    verdict = judge(report(availability=93.2), situation())
    assert (verdict.state, verdict.facts) == ("In trouble now.", "only 93.2\u202f% was available.")


def test_a_fact_has_a_name_a_number_and_a_time() -> None:
    """At most two of them."""
    verdict = judge(report("high", "high", "high"), situation())
    name = fleet_report(5, 1).resources[0].name
    assert verdict.facts.count(f"{name} has been over its GPU utilisation line for 9 h") == 2
    assert (name, True) in verdict.parts


def test_no_claim_is_made_about_what_was_not_looked_at() -> None:
    """Without forecasts the report does not say that nothing will cross."""
    blind = replace(report(), capacity=None)
    assert judge(blind, situation()).facts == "Every resource stayed under its line."


@pytest.mark.parametrize(
    ("states", "facts"),
    [
        (["not enough history", "too irregular"], "; there is too little history to look ahead yet."),
        (["falling", "too irregular"], ", and none that can be forecast reaches it in the next 60 days."),
        (["falling", "not within the horizon"], ", and none reaches it in the next 60 days."),
    ],
)
def test_no_claim_is_made_about_what_cannot_be_forecast(states: list[State], facts: str) -> None:
    """Half a minute of readings says nothing about the next sixty days."""
    known = report()
    assert known.capacity
    measured = [room for room in known.capacity.resources if room.now is not None]
    rooms = [msgspec.structs.replace(room, state=state) for room, state in zip(measured, states, strict=False)]
    capacity = msgspec.structs.replace(known.capacity, resources=rooms)
    assert judge(replace(known, capacity=capacity), situation()).facts == f"Every resource stayed under its line{facts}"


def test_what_crosses_soon_is_told_before_what_is_medium() -> None:
    """With a name, the metric and the days; after an alert that is high."""
    soon = [(2, "ckpt-store", "storage_utilization_pct")]
    calm = judge(report("medium"), situation(crossings=soon))
    assert calm.facts.startswith("ckpt-store reaches its used space line in 2 days, and ")
    assert "ckpt-store" in calm.names
    high = judge(report("high"), situation(crossings=soon))
    assert high.facts.endswith("and ckpt-store reaches its used space line in 2 days.")
