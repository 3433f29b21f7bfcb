"""No two sentences of a report contradict one another, and a worse fleet never gets a calmer verdict."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.documents.situation import Advice, Ahead, Lost, Open, RulesJudged, Situation
from plimsoll.publish.views.absences import absences
from plimsoll.publish.views.sections import (
    all_compared,
    all_judged,
    nothing_constrained,
    nothing_to_do,
    nothing_unusual,
)
from plimsoll.publish.views.verdict import judge
from plimsoll.publish.views.view import counts_sentence, lines_are_kept, no_alert_sentence
from tests.contradictions import Told, contradictions
from tests.situations import END, MOMENT, absent, back, crossing, incident

NAMES: Final = [f"h{n}" for n in range(12)]
SEVERITIES: Final = ("low", "medium", "high", "critical")


def told(now: Situation) -> Told:
    """Every sentence of the page that speaks of the fleet as a whole, and its lists."""
    verdict = judge(now, MOMENT)
    return Told(
        verdict=f"{verdict.state} {verdict.facts}",
        second=counts_sentence(now),
        alerts=no_alert_sentence(now) if not now.open else f"{len(now.open)} open.",
        unusual=nothing_unusual(now) if not now.incidents else f"{len(now.incidents)} found.",
        held=nothing_constrained(now),
        to_do=nothing_to_do(now),
        ticked=_ticked(now),
        absent=[f"{one.resource}: {one.text}" for one in absences(now, MOMENT.zone, END)],
    )


def _ticked(now: Situation) -> list[str]:
    """The sentences that stand beside a tick."""
    found = [nothing_constrained(now), nothing_to_do(now)] if all_judged(now) else []
    found += [no_alert_sentence(now)] if lines_are_kept(now) and not now.open else []
    return found + ([nothing_unusual(now)] if all_compared(now) and not now.incidents else [])


def drawn(seed: int) -> Situation:
    """A fleet of chance: consistent in itself, as an analysis would make it."""
    rng = random.Random(seed)

    def some(most: int, names: list[str]) -> list[str]:
        return sorted(rng.sample(names, rng.randint(0, min(most, len(names)))))

    names = NAMES[: rng.randint(1, len(NAMES))]
    gone = rng.randint(0, 3) if rng.random() < 0.3 else 0
    silent = some(2, names) if rng.random() < 0.4 else []
    rest = [one for one in names if one not in silent]
    ended = some(2, rest) if rng.random() < 0.3 else []
    rest = [one for one in rest if one not in ended]
    new = some(2, rest) if rng.random() < 0.3 else []
    over = some(2, rest) if rng.random() < 0.4 else []
    muted = [one for one in over if rng.random() < 0.3]
    came = some(2, [one for one in rest if one not in over]) if rng.random() < 0.4 else []
    alerts = [_alert(n, one, rng.choice(SEVERITIES), "cpu_utilization") for n, one in enumerate(over)]
    alerts += [_alert(50 + n, one, rng.choice(("medium", "high")), "silence") for n, one in enumerate(silent)]
    alerts = [one for one in alerts if one.resource not in muted]
    by_rule = random.Random(seed + 1)
    alerts += [
        replace(_alert(80 + n, one, by_rule.choice(SEVERITIES), "memory_utilization"), what="memory ends in 9 h")
        for n, one in enumerate(by_rule.sample(rest, min(len(rest), by_rule.choice((0, 0, 1, 2)))))
    ]
    hours = {one: rng.uniform(0.2, 150) for one in names}
    seldom = [one for one in rest if one not in [*new, *over, *came]][:1] if rng.random() < 0.2 else []
    return Situation(
        total=len(names) + gone,
        aged_out=gone,
        too_seldom=seldom,
        read=len(names) if rng.random() < 0.95 else 0,
        judged=len([one for one in rest if one not in [*new, *seldom]]),
        too_new=new,
        coverage_pct=rng.choice([None, 100.0, 97.0, 88.0, 40.0]),
        silent=sorted((absent(one, hours[one], never=rng.random() < 0.2) for one in silent), key=lambda a: -a.length),
        silent_types=["cluster"] if silent and len(silent) == len(names) else [],
        unmeasured=sorted((absent(one, hours[one]) for one in ended), key=lambda a: -a.length),
        lost=[Lost(one, one, "gpu_utilization_pct", END - timedelta(hours=3)) for one in some(1, rest)],
        gaps=[absent(one, 2.0) for one in some(1, rest)],
        open=sorted(alerts, key=lambda one: (-SEVERITIES.index(one.severity), one.resource)),
        muted=muted,
        opened=rng.randint(0, 3),
        closed=rng.randint(0, 3),
        crossed=sorted({*over, *came}),
        came_back=[back(one) for one in came],
        over_now=over,
        incidents=[incident(one, rng.choice(("medium", "high"))) for one in some(2, rest)],
        advice=[Advice(f"advice-{one}", one, one, "Add a replica") for one in some(1, rest)],
        crossings=sorted((crossing(one, rng.randint(0, 60)) for one in some(2, rest)), key=lambda one: one.days),
        ahead=rng.choice([None, Ahead(60, len(names), 0), Ahead(60, 0, len(names)), Ahead(60, 1, len(names) - 1)]),
        availability_pct=rng.choice([None, 99.9, 91.0]),
        failed_jobs=["learn: the window failed"] if rng.random() < 0.2 else [],
        without_line=some(len(names), [one for one in rest if one not in over + came + seldom])
        if rng.random() < 0.4
        else [],
        rules=rng.choice([None, RulesJudged(0, 9, 46), RulesJudged(12, 9, 46), RulesJudged(30, 0, 46)]),
    )


def _alert(n: int, name: str, severity: str, metric: str) -> Open:
    return Open(f"perf-{n}", name, name, severity, metric, END - timedelta(hours=2 + n), metric == "silence")


def names_of(now: Situation) -> list[str]:
    """The names of the drawn fleet."""
    return NAMES[: now.total - now.aged_out]


def worsened(now: Situation, rng: random.Random) -> Situation:
    """The same fleet, worse in one thing."""
    name = rng.choice(NAMES)
    more: list[Callable[[], dict[str, Any]]] = [
        lambda: {
            "open": [_alert(99, name, "critical", "cpu_utilization"), *now.open],
            "over_now": [*now.over_now, name],
        },
        lambda: {
            "open": sorted(
                [*now.open, _alert(98, name, "medium", "silence")], key=lambda one: -SEVERITIES.index(one.severity)
            )
        },
        lambda: {"silent": [*now.silent, absent(name, 0.1)]},
        lambda: {"unmeasured": [*now.unmeasured, absent(name, 0.1)]},
        lambda: {"crossings": sorted([*now.crossings, crossing(name, 1)], key=lambda one: one.days)},
        lambda: {"crossings": [*now.crossings, crossing(name, 60)]},
        lambda: {"incidents": [*now.incidents, incident(name, "high")]},
        lambda: {"coverage_pct": 50.0},
        lambda: {"availability_pct": 50.0},
        lambda: {"failed_jobs": [*now.failed_jobs, "x"]},
        lambda: {"read": 0},
        lambda: {"judged": 0},
        lambda: {"crossed": sorted({*now.crossed, name})},
        lambda: {"opened": now.opened + 1},
        lambda: {"muted": sorted({*now.muted, name})},
        lambda: {"without_line": names_of(now)},
    ]
    return replace(now, **rng.choice(more)())


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_no_two_sentences_contradict(seed: int) -> None:
    """Verdict, second line, alerts, what was unusual and who is not read: one situation, and what follows from it."""
    now = drawn(seed)
    assert contradictions(now, told(now)) == []


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_a_worse_fleet_never_gets_a_calmer_verdict(seed: int) -> None:
    """One more alert, silence, crossing, incident, failed job, or less that is known."""
    rng, now = random.Random(seed), drawn(seed)
    for _ in range(4):
        worse = worsened(now, rng)
        assert worse.state >= now.state
        now = worse


PLANTED: Final[dict[str, Callable[[Told], Told]]] = {
    "calm beside a silence": lambda t: replace(t, verdict="All calm. Every resource stayed under its line."),
    "nothing crossed beside an open alert": lambda t: replace(t, alerts="No load line is crossed."),
    "came back of what is open": lambda t: replace(t, verdict="Steady. h1 crossed a line and came back at 16:00."),
    "came back of what is muted": lambda t: replace(t, verdict="Steady. h2 crossed a line and came back at 16:00."),
    "none reaches it beside a crossing": lambda t: replace(
        t, verdict="All calm. Every resource stayed under its line, and none reaches it in the next 60 days."
    ),
    "nothing unusual beside an incident": lambda t: replace(t, unusual="Nothing was unlike its own past."),
    "a high name left out": lambda t: replace(
        t, verdict="Needs attention today. h1 has been over its CPU line for 2 h."
    ),
    "all readings beside a silence": lambda t: replace(
        t, verdict="Steady. 100 % of the readings that were due arrived."
    ),
    "none silent beside a silence": lambda t: replace(t, second=t.second.replace("2 not read", "0 not read")),
    "too few judged": lambda t: replace(
        t, second=t.second.replace("not read at the end. 4 judged", "not read at the end. 7 judged")
    ),
    "another number that is too new": lambda t: replace(t, second=t.second.replace("2 too new", "3 too new")),
    "a silence that is not listed": lambda t: replace(t, absent=t.absent[1:]),
    "calm in the wrong state": lambda t: replace(t, verdict=t.verdict.replace("In trouble now.", "Steady.")),
    "fewer crossed than came back": lambda t: replace(t, second=t.second.replace("4 crossed", "0 crossed")),
    "nothing resolved beside a closed alert": lambda t: replace(t, second=t.second.replace("1 resolved", "0 resolved")),
    "nothing found without how many rules could judge": lambda t: replace(t, held="No rule found anything."),
    "another number of rules": lambda t: replace(t, to_do=t.to_do.replace("12 of 46", "40 of 46")),
    "a tick beside rules that wait": lambda t: replace(t, ticked=[t.held]),
    "a tick beside a silence": lambda t: replace(t, ticked=[t.unusual]),
    "over its line beside what a rule found": lambda t: replace(
        t, verdict="In trouble now. h1 and h6 went over; h6 has been over its memory line for 2 h."
    ),
    "no alert opened beside one": lambda t: replace(t, second=t.second.replace("3 new alerts", "0 new alerts")),
}


RULED: Final = Open("perf-6", "h6", "h6", "medium", "memory_utilization", END, what="memory ends in 9 h")


def planted() -> Situation:
    """A fleet with one of each: open, muted, silent, ended, an incident, a crossing, what opened and closed."""
    return Situation(
        total=8,
        read=8,
        judged=4,
        too_new=["h6", "h7"],
        coverage_pct=96.0,
        silent=[absent("h0", 13)],
        unmeasured=[absent("h3", 5)],
        open=[_alert(1, "h1", "critical", "cpu_utilization"), _alert(0, "h0", "high", "silence"), RULED],
        muted=["h2"],
        opened=3,
        closed=1,
        crossed=["h1", "h2", "h4", "h5"],
        came_back=[back("h4")],
        over_now=["h1", "h2", "h5"],
        incidents=[incident("h4", "high")],
        crossings=[crossing("h5", 9)],
        ahead=Ahead(60, 8, 0),
        availability_pct=99.0,
        rules=RulesJudged(12, 9, 46),
    )


def test_what_is_told_of_the_planted_fleet_is_consistent() -> None:
    """The plants below are the only contradictions."""
    assert contradictions(planted(), told(planted())) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_contradiction_is_caught(name: str) -> None:
    """The checker sees each kind."""
    right = told(planted())
    wrong = PLANTED[name](right)
    assert wrong != right
    assert contradictions(planted(), wrong) != []
