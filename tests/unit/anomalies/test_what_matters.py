"""Rare but too small to matter is not told; bands stay inside what a metric can be, rarity inside what was read."""

from datetime import timedelta

import numpy as np
import pytest

from plimsoll.analysis.anomalies.analyse import look_at, not_judged
from plimsoll.analysis.anomalies.contract import Finding, Moved
from plimsoll.analysis.anomalies.detectors import DEFAULT
from plimsoll.analysis.anomalies.effects import least_effect
from plimsoll.analysis.grid import Grid, Series
from plimsoll.analysis.robust import Floats
from plimsoll.metrics import CATALOGUE
from tests.grids import PER_DAY, START

DAYS = 21
DAY_S = 86_400.0


def grid_of_one(metric: str, row: Floats, **others: Floats) -> Grid:
    """One resource with one metric, and others beside it."""
    series = (Series("a", "", metric), *(Series("a", "", name) for name in others))
    return Grid(series, np.array([row, *others.values()], dtype=np.float32), START, DAY_S / PER_DAY)


def stepped(level: float, size: float, *, hours: float = 6.0) -> Floats:
    """Three weeks at a level, then so many hours of another one, six hours before the end."""
    row = np.full(DAYS * PER_DAY, level)
    last = len(row) - 6 * 4
    row[last - round(hours * 4) : last] += size
    return row


def found(grid: Grid) -> list[Finding]:
    """What the shipped detectors say of the last day."""
    return look_at(grid, names=DEFAULT, classes={"a": "endpoint"}, at_least_s=DAY_S)


@pytest.mark.parametrize(
    ("metric", "level", "size"),
    [
        ("error_rate_pct", 0.0, 0.02),
        ("cpu_utilization_pct", 40.0, 0.05),
        ("memory_utilization_pct", 60.0, 0.3),
        ("gpu_temperature_c", 55.0, 1.0),
        ("queue_depth_count", 0.0, 1.0),
        ("response_time_ms", 120.0, 3.0),
    ],
)
def test_the_smallest_move_of_a_constant_is_no_news(metric: str, level: float, size: float) -> None:
    """Two hundredths of a percent of errors, one degree, one job in the queue."""
    assert found(grid_of_one(metric, stepped(level, size))) == []


@pytest.mark.parametrize(
    ("metric", "level", "size"),
    [
        ("error_rate_pct", 0.0, 4.0),
        ("cpu_utilization_pct", 40.0, 45.0),
        ("gpu_temperature_c", 55.0, 25.0),
        ("queue_depth_count", 0.0, 50.0),
        ("response_time_ms", 120.0, 300.0),
    ],
)
def test_a_real_jump_of_a_constant_is_told_with_its_size(metric: str, level: float, size: float) -> None:
    """The z-score grows with the size, the value lies outside the band, and the band inside the metric's bounds."""
    sizes = (size / 2, size)
    told = [found(grid_of_one(metric, stepped(level, one))) for one in sizes]
    assert all(told), told
    small, large = (one[0].moved[0] for one in told)
    assert (small.metric, large.metric) == (metric, metric)
    assert abs(large.z) > abs(small.z) > 3
    for one in (small, large):
        low, high = one.band
        assert not low <= one.value <= high
        assert low >= (CATALOGUE[metric].low or 0.0)
        assert high <= (CATALOGUE[metric].high or np.inf)


def test_a_share_of_few_requests_is_no_news() -> None:
    """30 % of errors: of one request an hour nothing, of ten a second a finding."""
    errors = stepped(0.0, 30.0)
    for rate, told in ((1 / 3600, False), (10.0, True)):
        grid = grid_of_one("error_rate_pct", errors, throughput_per_s=np.full(len(errors), rate))
        assert any(one.metric == "error_rate_pct" for one in found(grid)) is told


def test_nothing_is_rarer_than_the_history_is_long() -> None:
    """A jump of forty scales in three weeks: at most once in what was read before it."""
    row = 50 + np.random.default_rng(4).normal(0, 0.5, DAYS * PER_DAY)
    row[-40:-20] += 30
    told = found(grid_of_one("gpu_utilization_pct", row))
    assert told
    assert all(one.once_in_h is not None and one.once_in_h <= one.samples / 4 for one in told)


def test_zeros_with_a_few_ones_are_no_findings() -> None:
    """A queue that is empty but for one reading in fifty of one to three."""
    rng = np.random.default_rng(9)
    row = np.where(rng.random(DAYS * PER_DAY) < 0.02, rng.integers(1, 4, DAYS * PER_DAY), 0).astype(np.float64)
    assert found(grid_of_one("queue_depth_count", row)) == []


@pytest.mark.parametrize("metric", CATALOGUE)
def test_every_metric_has_a_least_effect_that_grows_with_its_level(metric: str) -> None:
    """None is negative, none shrinks."""
    assert 0 <= least_effect(metric, 0.0) <= least_effect(metric, 50.0) <= least_effect(metric, 100.0)


def test_a_band_ends_where_the_metric_ends() -> None:
    """0 to 100 for a percentage; no upper end for a rate."""
    busy = Moved(metric="gpu_utilization_pct", device="", value=1, expected=97, scale=40, z=-2.4)
    rate = Moved(metric="throughput_per_s", device="", value=900, expected=5, scale=4, z=223)
    assert (busy.band, rate.band) == ((17.0, 100.0), (0.0, 13.0))


def test_who_is_too_young_to_be_judged_is_named_with_the_reason() -> None:
    """An old resource, one of ten hours, one that is silent since three days, one of devices, one never read."""
    rows = DAYS * PER_DAY
    old = 40 + np.random.default_rng(5).normal(0, 1, rows)
    young, ended = (
        np.where(np.arange(rows) >= rows - 40, old, np.nan),
        np.where(np.arange(rows) < rows - 300, old, np.nan),
    )
    names = [("old", ""), ("young", ""), ("ended", ""), ("parts", "gpu0")]
    series = tuple(Series(name, device, "gpu_utilization_pct") for name, device in names)
    grid = Grid(series, np.array([old, young, ended, old], dtype=np.float32), START, DAY_S / PER_DAY)
    asked = ("old", "young", "ended", "parts", "never")
    assert not_judged(grid, asked, at_least_s=DAY_S) == {
        "young": "10.0 h of history",
        "ended": "no reading in 24 h",
        "parts": "only its devices are read",
        "never": "no reading in 24 h",
    }


def test_a_young_resource_in_an_old_fleet_is_not_judged_before_its_third_day() -> None:
    """A jump 30 h after its first reading is compared with nothing; the same jump after three days is told."""
    rows = DAYS * PER_DAY
    noise = np.random.default_rng(6).normal(0, 1, (2, rows))
    for age_h, told in ((30, False), (96, True)):
        row = 40 + noise[1]
        row[: rows - (age_h + 8) * 4] = np.nan
        row[-32:-8] += 50
        grid = Grid(
            (Series("a", "", "gpu_utilization_pct"), Series("b", "", "gpu_utilization_pct")),
            np.array([40 + noise[0], row], dtype=np.float32),
            START,
            DAY_S / PER_DAY,
        )
        about = [one for one in found(grid) if one.resource_id == "b" and one.detector == "unusual"]
        assert bool(about) is told, (age_h, about)
        assert all(one.start >= START + timedelta(seconds=(rows - 40) * 900) for one in about)
