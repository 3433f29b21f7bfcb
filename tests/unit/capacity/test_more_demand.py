"""More demand writes faster; what is stored is not more. Memory has a level now, and no busy hours."""

import numpy as np
import pytest

from plimsoll.fleet.resources import Resource
from tests.capacities import gpus, hourly, only_pool, review, rising


def filling(days: int = 30) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """From 50 %, half a point a day."""
    t = np.arange(days * 24, dtype=np.float64) / 24
    return 50 + 0.5 * t + np.random.default_rng(1).normal(0, 0.1, len(t))


@pytest.mark.parametrize("percent", [60.0, -30.0])
def test_more_demand_stores_nothing_at_once(percent: float) -> None:
    """65 % stays 65 % today; the points a day are 1.6 or 0.7 times as many, for the pool and for the volume."""
    volume = Resource(resource_id="v", name="v", type="storage", storage_bytes=1e14)
    readings = hourly({"v": filling()}, "storage_utilization_pct")
    plain, more = (review(readings, [volume], demand_change_percent=change) for change in (0.0, percent))
    pools = only_pool(plain), only_pool(more)
    assert pools[0].now == pools[1].now
    assert plain.resources[0].now == more.resources[0].now
    now = pools[0].now
    assert now is not None
    for before, after in zip(pools[0].forecast, pools[1].forecast, strict=True):
        expected = now.percent + (1 + percent / 100) * (before.value - now.percent)
        assert after.value == pytest.approx(expected, abs=0.03)
    rooms = plain.resources[0].growth_per_day, more.resources[0].growth_per_day
    assert rooms[0] is not None
    assert rooms[1] == pytest.approx(rooms[0] * (1 + percent / 100), rel=0.05)


def test_work_is_more_at_once() -> None:
    """GPUs at work: with 30 % more demand, 30 % more of them are busy today."""
    readings, fleet = hourly({"a": rising(50, 0.0)}), [gpus("a")]
    plain, more = (only_pool(review(readings, fleet, demand_change_percent=change)) for change in (0.0, 30.0))
    assert plain.now is not None
    assert more.now is not None
    assert more.now.percent == pytest.approx(1.3 * plain.now.percent, rel=0.01)
