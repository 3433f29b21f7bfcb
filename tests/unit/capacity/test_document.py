"""The document: what is measured, what is forecast, and what is said where neither is possible."""

import jsonschema
import msgspec
import numpy as np
import pytest

from plimsoll import documents
from plimsoll.documents.capacity import Promise, promises, schema
from plimsoll.errors import BadParameter
from plimsoll.fleet.resources import Resource
from tests.capacities import gpus, hourly, only_pool, review, rising
from tests.capacity_schema import PAGE, text


def test_a_pool_that_rises_crosses_when_it_should() -> None:
    """From 60 % by half a point a day under a swing of four: the busy hours reach 90 % in about 22 days."""
    pool = only_pool(review(hourly({"a": rising(60, 0.5)}), [gpus("a", price=32.0)]))
    assert pool.state == "crosses"
    assert pool.crossing is not None
    assert pool.crossing.middle_days is not None
    assert abs(pool.crossing.middle_days - 22) <= 4
    assert pool.growth_per_day == pytest.approx(0.5, abs=0.1)
    assert pool.decide_by is not None
    assert {choice.action for choice in pool.choices} >= {"nothing", "add"}


def test_demand_is_counted_in_units() -> None:
    """80 % of eight GPUs and 40 % of twenty-four are sixteen GPUs of thirty-two."""
    levels = {"a": np.full(30 * 24, 80.0), "b": np.full(30 * 24, 40.0)}
    pool = only_pool(review(hourly(levels), [gpus("a"), gpus("b", count=24)]))
    assert pool.now is not None
    assert (pool.capacity, pool.now.units, pool.now.percent) == (32, 16, 50)


def test_a_silent_machine_is_unknown_not_idle() -> None:
    """While one of three is silent the share is that of the others; with two of three silent nothing is said."""
    levels = {name: np.full(30 * 24, 60.0) for name in "abc"}
    levels["c"][-10 * 24 :] = np.nan
    fleet = [gpus(name) for name in "abc"]
    pool = only_pool(review(hourly(levels), fleet))
    assert pool.now is not None
    assert pool.now.percent == 60
    levels["b"][-10 * 24 :] = np.nan
    pool = only_pool(review(hourly(levels), fleet))
    assert (pool.state, pool.now) == ("no data", None)


def test_a_young_fleet_has_no_forecast_yet() -> None:
    """Ten days of history: measured, drawn, and no line ahead."""
    pool = only_pool(review(hourly({"a": rising(60, 0.5, days=10)}), [gpus("a")]))
    assert (pool.state, pool.forecast, pool.crossing) == ("not enough history", [], None)
    assert pool.now is not None
    assert len(pool.history) == 10


def test_a_pool_that_was_never_heard_of_is_listed_without_data() -> None:
    """The inventory says that it is there; nothing says how full it is."""
    pools = {p.id: p for p in review(hourly({"a": rising(60, 0)}), [gpus("a"), gpus("b", region="q")]).pools}
    assert (pools["q/h100"].state, pools["q/h100"].now, pools["q/h100"].choices) == ("no data", None, [])


def test_an_empty_lake_gives_an_empty_review() -> None:
    """No resource, no reading: a document all the same."""
    nothing = review(hourly({"a": np.full(24, np.nan)}), [])
    assert (nothing.summary.pools, nothing.summary.room_points, nothing.trust.of) == (0, None, 0)


def test_a_disk_that_fills_crosses_and_one_that_is_rotated_does_not() -> None:
    """A point a day to 85 %; and a log volume between 50 and 80 % each five days."""
    t = np.arange(30 * 24, dtype=np.float64) / 24
    noise = np.random.default_rng(1).normal(0, 0.2, len(t))
    levels = {"filling": 45 + t + noise, "rotated": 50 + 30 * ((t / 5) % 1) + noise}
    volumes = [Resource(resource_id=n, name=n, type="storage", storage_bytes=1e14) for n in levels]
    pools = {p.id: p for p in review(hourly(levels, "storage_utilization_pct"), volumes).pools}
    crossing = pools["filling"].crossing
    assert crossing is not None
    assert crossing.middle_days in (9, 10, 11)
    assert (pools["rotated"].state, pools["rotated"].crossing) == ("not within the horizon", None)


def test_more_demand_is_the_same_forecast_times_more() -> None:
    """What-if recomputes with the same models: every level ahead times 1.3, history as it was measured."""
    readings, fleet = hourly({"a": rising(50, 0.0)}), [gpus("a")]
    plain, more = only_pool(review(readings, fleet)), only_pool(review(readings, fleet, demand_change_percent=30.0))
    assert more.history == plain.history
    for day, same in zip(more.forecast, plain.forecast, strict=True):
        assert abs(day.value - 1.3 * same.value) < 0.02
        assert abs(day.high - 1.3 * same.high) < 0.02


def test_more_capacity_makes_room_and_less_takes_it() -> None:
    """Eight GPUs more halve the share; four fewer double it."""
    readings, fleet = hourly({"a": rising(40, 0.0)}), [gpus("a")]
    shares: dict[float, float] = {}
    for units in (0.0, 8.0, -4.0):
        pool = only_pool(review(readings, fleet, additions={"r/h100": units}))
        assert pool.now is not None
        shares[units] = pool.now.percent
    assert shares[8.0] == pytest.approx(shares[0.0] / 2, abs=0.02)
    assert shares[-4.0] == pytest.approx(shares[0.0] * 2, abs=0.02)


def test_an_unknown_pool_is_refused_with_the_nearest_name() -> None:
    """A typing mistake in --add is not a silent nothing."""
    with pytest.raises(BadParameter, match="r/h100"):
        review(hourly({"a": rising(40, 0.0)}), [gpus("a")], additions={"r/h10": 8.0})
    with pytest.raises(BadParameter, match="more than the pool has"):
        review(hourly({"a": rising(40, 0.0)}), [gpus("a")], additions={"r/h100": -8.0})


def test_a_promise_come_due_is_held_against_what_happened() -> None:
    """A review said 45 (40 to 50) for yesterday; it was 30."""
    kept = [Promise(pool="r/h100", made="2026-01-08", due="2026-01-15", forecast=45, low=40, high=50)]
    levels = hourly({"a": np.full(30 * 24, 30.0)})
    trust = review(levels, [gpus("a")], promises=kept).trust
    (past,) = trust.past
    assert (past.source, past.happened, past.inside, trust.inside, trust.of) == ("review", 30.0, "below", 0, 1)


def test_a_review_promises_its_pools_a_week_and_a_month_ahead() -> None:
    """What is published can be held against the future; a what-if promises nothing."""
    readings, fleet = hourly({"a": rising(60, 0.5)}), [gpus("a")]
    made = promises(review(readings, fleet))
    assert [(one.pool, one.made, one.due) for one in made] == [
        ("r/h100", "2026-01-16", "2026-01-23"),
        ("r/h100", "2026-01-16", "2026-02-15"),
    ]
    assert promises(review(readings, fleet, demand_change_percent=10.0)) == []


def test_the_document_keeps_its_published_schema() -> None:
    """The stored schema is that of the types, and documents are valid against it, whatever they hold."""
    assert PAGE.read_text(encoding="utf-8") == text()
    for levels in ({"a": rising(60, 0.5)}, {"a": np.full(24, np.nan)}, {"a": rising(60, 0, days=9)}):
        document = review(hourly(levels), [gpus("a", price=3.0), gpus("b", region="q")])
        jsonschema.validate(msgspec.json.decode(documents.encode(document)), schema())


def test_the_same_data_gives_the_same_bytes() -> None:
    """Order of readings and of resources does not matter."""
    readings = hourly({"a": rising(60, 0.5), "b": rising(50, 0.0, seed=2)})
    first = review(readings, [gpus("a"), gpus("b", region="q")])
    second = review(readings.sample(fraction=1.0, shuffle=True, seed=3), [gpus("b", region="q"), gpus("a")])
    assert documents.encode(first.pools) == documents.encode(second.pools)


def test_hostile_names_come_through_unharmed() -> None:
    """Names are data: they neither break the document nor leave it."""
    odd = '<script>alert("x")</script>'
    pool = only_pool(review(hourly({odd: rising(60, 0.5)}), [gpus(odd, region="../../etc", model=odd)]))
    assert pool.resources == [odd]
