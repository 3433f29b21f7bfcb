"""Findings of one cause are one incident, the cause first; what has nothing in common stays apart."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plimsoll.analysis.anomalies.contract import Finding
from plimsoll.analysis.incidents.causes import needed
from plimsoll.analysis.incidents.contract import Place
from plimsoll.analysis.incidents.grouping import tail
from plimsoll.analysis.incidents.telling import Asked, incidents

END = datetime(2026, 3, 2, 7, tzinfo=UTC)
STEP = timedelta(minutes=15)
FLEET = [f"web-{n}" for n in range(200)]


def finding(resource: str, hours: float, *, ends: float | None = 1.0, score: float = 4.0, **more: object) -> Finding:
    """One that began so many hours before the end, and ended so many hours before it (None: it goes on)."""
    start = END - timedelta(hours=hours)
    made = Finding(
        detector="unusual",
        resource_id=resource,
        metric="cpu_utilization_pct",
        start=start,
        end=None if ends is None else END - timedelta(hours=ends),
        peak=start + STEP,
        severity="medium",
        score=score,
        threshold=3.0,
        samples=1000,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def asked(days: float = 14, **changes: object) -> Asked:
    """The last day of a look that began `days` ago."""
    base = Asked(END - timedelta(days=1), END, END - timedelta(days=days), 200, 1.0)
    return replace(base, **changes)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("members", [2, 3, 10, 40, 200])
@pytest.mark.parametrize("days", [1, 14])
def test_one_cause_on_any_number_of_resources_is_one_incident(members: int, days: int) -> None:
    """Equal resources of one type, within a quarter of an hour of the first, which is named as the likely cause."""
    rng = random.Random(members)
    hit = rng.sample(FLEET, members)
    found = [
        finding(name, 5 if n == 0 else 5 - rng.choice((0.25, 0.5)), score=rng.uniform(3, 6))
        for n, name in enumerate(hit)
    ]
    rng.shuffle(found)
    (one,) = incidents(found, {name: Place(type="endpoint") for name in FLEET}, asked(days))
    assert sorted(one.resources) == sorted(hit)
    assert one.causes[0].resource_id == hit[0]
    assert one.members[0].resource_id == hit[0]
    assert (one.start, one.end) == (END - timedelta(hours=5), END - timedelta(hours=1))
    assert one.reported


def test_what_the_others_need_is_the_cause_also_when_it_is_seen_last() -> None:
    """A database fills up; the services that wait for it are strange before it is."""
    places = {
        "db": Place(type="storage"),
        "cart": Place(type="endpoint", needs=frozenset({"db"})),
        "shop": Place(type="ai-service", needs=frozenset({"cart"})),
    }
    found = [finding("shop", 3, score=9), finding("cart", 2.75), finding("db", 2.5)]
    (one,) = incidents(found, places, asked())
    assert [cause.resource_id for cause in one.causes] == ["db", "shop", "cart"] or one.causes[0].resource_id == "db"
    assert one.causes[0].why == "2 of the others need it, it began later"


def test_two_that_need_each_other_are_ranked_by_who_began() -> None:
    """A circle of dependencies has no top."""
    places = {"a": Place(needs=frozenset({"b"})), "b": Place(needs=frozenset({"a"}))}
    assert needed(places, "a") == {"b"}
    (one,) = incidents([finding("a", 3), finding("b", 3.5)], places, asked())
    assert one.causes[0].resource_id == "b"


def test_one_node_joins_what_nothing_else_does() -> None:
    """Different types, regions and owners on the machine n1; a stranger at the same time stays apart."""
    on = frozenset({("node", "n1")})
    places = {
        "job": Place(type="training", on=on),
        "api": Place(type="endpoint", on=on),
        "other": Place(type="network"),
    }
    busy = [finding(f"x{n % 50}", 30 + n, ends=29 + n) for n in range(250)]
    many = {**places, **{f"x{n}": Place(type=f"t{n}") for n in range(50)}}
    found = incidents([finding("job", 5), finding("api", 4.5), finding("other", 5), *busy], many, asked())
    assert sorted(map(sorted, (one.resources for one in found))) == [["api", "job"], ["other"]]
    assert next(one.tie for one in found if len(one.resources) == 2) == "the same node"


def test_in_a_restless_fleet_two_at_once_are_chance() -> None:
    """Each of 200 has three findings a week: that some begin together says nothing."""
    rng = random.Random(3)
    usual = [finding(name, h, ends=h - 0.5) for name in FLEET for h in (rng.uniform(1, 336) for _ in range(6))]
    found = incidents(usual, {name: Place(type="endpoint") for name in FLEET}, asked())
    inside = [one for one in usual if one.end is not None and one.end > END - timedelta(days=1)]
    assert len(found) > 0.8 * len(inside)


def test_the_budget_is_on_incidents_and_never_cuts_what_goes_on() -> None:
    """Ten rare ended ones and five open ones: three places for a small fleet, the open ones outside of them."""
    places = {f"r{n}": Place(type=f"t{n}") for n in range(15)}
    found = [finding(f"r{n}", 2 + n * 1.5, ends=1.5 + n * 1.5, score=4 + n) for n in range(10)]
    found += [finding(f"r{n}", 3.0 * n - 29.9, ends=None, score=3.01) for n in range(10, 15)]
    of = incidents(found, places, asked(resources=15))
    assert [one.resources[0] for one in of if one.reported and one.end is not None] == ["r9", "r8", "r7"]
    assert sum(one.end is None and one.reported for one in of) == 5
    assert sum(not one.reported for one in of) == 7


def test_hosts_that_are_dark_each_night_take_no_place_from_what_is_rare() -> None:
    """Three silent hosts, every night: the one real incident is told, and so is what was begun yesterday."""
    silent = [
        finding(f"h{h}", 24 * d + 5, ends=24 * d + 4, detector="silence", score=48.0, threshold=1.0)
        for h in range(3)
        for d in range(14)
    ]
    real = finding("h7", 8, ends=6, score=3.2)
    before = finding("h8", 25, ends=23, score=3.1)
    found = incidents([*silent, real, before], {f"h{n}": Place(type=f"t{n}") for n in range(10)}, asked(resources=10))
    told = {name for one in found if one.reported and not one.is_silence for name in one.resources}
    assert told == {"h7", "h8"}


def test_silence_and_what_began_before_the_window_take_no_place() -> None:
    """Three places: three long first silences and two incidents of the day before leave all of them."""
    silent = [
        finding(f"h{n}", 3.0 * n + 4, ends=3.0 * n + 2, detector="silence", score=90.0, threshold=1.0, severity="high")
        for n in range(3)
    ]
    before = [finding(f"h{n}", 22.5 + n, ends=20, score=9, severity="high") for n in (3, 4)]
    real = [finding(f"h{n}", 3.0 * n - 12, ends=3.0 * n - 13.5, score=3.1) for n in (5, 6, 7)]
    found = incidents([*silent, *before, *real], {f"h{n}": Place(type=f"t{n}") for n in range(10)}, asked(resources=10))
    assert len(found) == 8
    assert all(one.reported for one in found)


def test_what_happens_every_day_is_less_rare_than_what_never_happened() -> None:
    """Strength is compared with the same detector's past alone."""
    past = [finding("a", 24 * d + 8, ends=24 * d + 6, score=5) for d in range(14)]
    device = finding("b", 9, ends=7, detector="straggler", score=1.4, threshold=1.0)
    places = {"a": Place(type="x"), "b": Place(type="y")}
    first, second = incidents([*past, device], places, asked())
    assert first.resources == ["b"]
    assert first.times_a_day is not None
    assert second.times_a_day is not None
    assert first.times_a_day < 0.1
    assert second.times_a_day > 0.9


def test_an_incident_keeps_its_id_when_others_join() -> None:
    """And the order in which findings come changes nothing."""
    places = {name: Place(type="endpoint") for name in FLEET}
    found = [finding(f"web-{n}", 5 - 0.05 * n) for n in range(9)]
    (small,), (large,) = incidents(found[:4], places, asked()), incidents(found, places, asked())
    assert small.id == large.id
    assert incidents(found[::-1], places, asked()) == [large]


def test_the_tail_of_a_binomial_is_right() -> None:
    """Against the plain sum."""
    from math import comb

    for of, share in ((7, 0.3), (40, 0.02)):
        for least in range(1, 8):
            whole = sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(least, of + 1))
            assert tail(least, of, share) == pytest.approx(whole)
