"""The verdict: the first true row from the bottom up, with facts that name, number and time."""

from dataclasses import replace
from typing import Any

import pytest

from plimsoll.documents.situation import Advice, Ahead, Lost
from plimsoll.publish.views.verdict import judge
from tests.situations import END, MOMENT, absent, back, crossing, incident, opened, situation


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "All calm."),
        ({"too_new": ["h4"], "judged": 4}, "All calm."),
        ({"judged": 0, "too_new": ["h0", "h1", "h2", "h3", "h4"]}, "Steady."),
        ({"crossed": ["h1"], "came_back": [back("h1")]}, "Steady."),
        ({"coverage_pct": 94.0}, "Steady."),
        ({"incidents": [incident("h1")]}, "Steady."),
        ({"silent": [absent("h1", 0.1)]}, "Steady."),
        ({"unmeasured": [absent("h1")]}, "Steady."),
        ({"lost": [Lost("h1", "h1", "gpu_utilization_pct", END)]}, "Steady."),
        ({"gaps": [absent("h1", 1)]}, "Steady."),
        ({"opened": 1, "closed": 1}, "Steady."),
        ({"muted": ["h1"]}, "Steady."),
        ({"over_now": ["h1"]}, "Steady."),
        ({"advice": [Advice("advice-1", "h1", "h1", "Add a replica")]}, "Steady."),
        ({"crossings": [crossing("h1", 45)]}, "Steady."),
        ({"failed_jobs": ["learn: failed"]}, "Steady."),
        ({"failed_sections": ["capacity"]}, "Steady."),
        ({"open": opened("low")}, "Steady."),
        ({"crossings": [crossing("h1", 14)]}, "Watch this week."),
        ({"open": opened("medium")}, "Watch this week."),
        ({"open": opened("medium", metric="silence"), "silent": [absent("h0", 1)]}, "Watch this week."),
        ({"crossings": [crossing("h1", 3)]}, "Needs attention today."),
        ({"crossings": [crossing("h1", 0)]}, "Needs attention today."),
        ({"open": opened("high", "medium", metric="silence")}, "Needs attention today."),
        ({"open": opened("critical")}, "In trouble now."),
        ({"open": opened("medium", "medium")}, "In trouble now."),
        ({"availability_pct": 93.2}, "In trouble now."),
        ({"open": opened("critical"), "coverage_pct": 79.0}, "Cannot tell."),
        ({"silent_types": ["network"], "silent": [absent("spine-01")]}, "Cannot tell."),
        ({"read": 0, "judged": 0}, "Cannot tell."),
    ],
)
def test_the_first_true_row_from_the_bottom_up_wins(changes: dict[str, Any], state: str) -> None:
    """Not knowing comes before everything, trouble before attention; calm is only what was judged to be calm."""
    assert judge(situation(**changes), MOMENT).state == state


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"availability_pct": 93.2}, "Only 93.2\u202f% was available."),
        ({"silent": [absent("h1", 13)]}, "h1 has been silent for 13 h."),
        ({"silent": [absent("h1", 120), absent("h2", 1)]}, "2 of 5 resources are silent, h1 for 5 days."),
        ({"silent": [absent("h1", 13, never=True)]}, "h1 was never read."),
        ({"unmeasured": [absent("h1", 5)]}, "h1 has had no reading for 5 h, and none is due."),
        ({"lost": [Lost("h1", "h1", "gpu_utilization_pct", END)]}, "h1 has given no GPU utilization since 18:00."),
        ({"lost": [Lost("h1", "h1", "", END, ["gpu0", "gpu3"])]}, "h1 has given no reading of gpu0, gpu3 since 18:00."),
        (
            {"lost": [Lost("h1", "h1", "", END, ["gpu0"]), Lost("h2", "h2", "", END, ["gpu0"])]},
            "2 resources lost GPUs that they used to report.",
        ),
        ({"incidents": [incident("h1")]}, "h1 did something unlike the past."),
        ({"crossed": ["h1"], "came_back": [back("h1")]}, "h1 crossed a line and came back at 16:00."),
        ({"crossings": [crossing("h1", 45)]}, "h1 reaches its used space line in 45 days."),
        ({"total": 0, "read": 0}, "No resource is known yet."),
        ({"total": 0, "read": 0, "is_filtered": True}, "No resource matched the filter."),
    ],
)
def test_a_fact_has_a_name_a_number_and_a_time(changes: dict[str, Any], facts: str) -> None:
    """Each thing that keeps a fleet from being calm has its words."""
    assert judge(situation(**changes), MOMENT).facts == facts


def test_at_most_two_facts_are_told_and_the_rest_that_is_high_is_counted() -> None:
    """Nothing that is high anywhere is left out of the count."""
    verdict = judge(
        situation(total=50, open=opened("high", "high", "high"), incidents=[incident("h7", "high")]), MOMENT
    )
    assert verdict.facts == (
        "h0 has been over its GPU utilization line for 9 h, and h1 has been over its GPU utilization line for 9 h."
        " 2 more have something high."
    )
    assert ("h0", True) in verdict.parts


def test_no_claim_is_made_about_what_was_not_looked_at() -> None:
    """Without forecasts the report does not say that nothing will cross."""
    assert judge(situation(ahead=None), MOMENT).facts == "Every resource stayed under its line."
    gone = judge(situation(ahead=None, total=3, aged_out=1), MOMENT).facts
    assert gone == "2 resources stayed under their lines. 1 of 3 is not seen any more."


@pytest.mark.parametrize(
    ("ahead", "facts"),
    [
        (Ahead(60, 0, 5), "; there is too little history to look ahead yet."),
        (Ahead(60, 1, 4), ", and none that can be forecast reaches it in the next 60 days."),
        (Ahead(60, 5, 0), ", and none reaches it in the next 60 days."),
    ],
)
def test_no_claim_is_made_about_what_cannot_be_forecast(ahead: Ahead, facts: str) -> None:
    """Half a minute of readings says nothing about the next sixty days."""
    assert judge(situation(ahead=ahead), MOMENT).facts == f"Every resource stayed under its line{facts}"


def test_calm_says_who_is_too_new_to_be_judged() -> None:
    """A resource of yesterday has no past to be compared with."""
    assert judge(situation(too_new=["h3", "h4"], judged=3), MOMENT).facts.endswith(" 2 of 5 are too new to judge.")


def test_what_crosses_soon_is_told_before_what_is_medium() -> None:
    """With a name, the metric and the days; after an alert that is high."""
    soon = [crossing("ckpt-store", 2)]
    calm = judge(situation(open=opened("medium"), crossings=soon), MOMENT)
    assert calm.facts.startswith("ckpt-store reaches its used space line in 2 days, and ")
    assert "ckpt-store" in calm.names
    high = judge(situation(open=opened("high"), crossings=soon), MOMENT)
    assert high.facts.endswith("and ckpt-store reaches its used space line in 2 days.")


def test_a_silent_type_is_told_with_its_own_time_and_its_members_are_not_counted_again() -> None:
    """Another type's younger silence does not date it, and who is named as silent is not also high."""
    hosts = [replace(absent(f"h{n}", 13), type="cluster") for n in range(2)]
    other = replace(absent("h3", 1), type="storage")
    now = situation(
        silent=[*hosts, other],
        silent_types=["cluster"],
        open=opened("high", "high", metric="silence"),
        coverage_pct=90.0,
    )
    assert judge(now, MOMENT).facts.startswith("Every cluster is silent since 05:00, and ")
    assert "more ha" not in judge(now, MOMENT).facts


def test_a_dead_fleet_is_told_once() -> None:
    """That nothing was read says the share of what arrived as well."""
    hosts = [replace(absent(f"h{n}", 130), type="cluster") for n in range(5)]
    now = situation(read=0, judged=0, coverage_pct=0.0, silent=hosts, silent_types=["cluster"], open=opened("high"))
    assert judge(now, MOMENT).facts == (
        "Nothing was read in this window, and every cluster is silent since 08:00 on 11 Jan."
    )


def test_one_resource_does_not_take_both_places() -> None:
    """What fills is an open alert and a crossing ahead: the second place is another resource's, where there is one."""
    fills, waits = opened("high", "high", metric="gpu_utilization")
    ahead = [replace(crossing(fills.resource, 1), name=fills.name)]
    both = judge(situation(total=50, open=[fills, waits], crossings=ahead), MOMENT)
    assert both.facts == (
        "h0 has been over its GPU utilization line for 9 h, and h1 has been over its GPU utilization line for 9 h."
    )
    alone = judge(situation(open=[fills], crossings=ahead), MOMENT)
    assert alone.facts.endswith("and h0 reaches its used space line in 1 day.")
