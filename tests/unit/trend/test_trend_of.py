"""The trend test: what is called a trend, and what is not."""

import numpy as np

from plimsoll.analysis.trend import trend_of

HOURS = np.arange(28 * 24, dtype=np.float64)
DAY = 10 * np.sin(HOURS * np.pi / 12)


def _noise(rows: int, seed: int = 1) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(size=(rows, len(HOURS)))


def test_a_steady_rise_under_a_daily_rhythm_is_increasing() -> None:
    """Half a point a day is seen through a swing of ten points."""
    trends = trend_of(50 + 0.5 * HOURS / 24 + DAY + _noise(1))
    assert trends.labels == ("increasing",)
    assert abs(trends.slope_per_day[0] - 0.5) < 0.05


def test_a_steady_fall_is_decreasing() -> None:
    """The test has no favorite direction."""
    assert trend_of(50 - 0.5 * HOURS / 24 + DAY + _noise(1)).labels == ("decreasing",)


def test_noise_is_stable() -> None:
    """At most one of a hundred flat, noisy series is called a trend."""
    labels = trend_of(50 + DAY + _noise(100)).labels
    assert sum(label != "stable" for label in labels) <= 1


def test_a_tiny_rise_is_stable_however_certain() -> None:
    """A change of a percent is no trend that anybody acts on."""
    assert trend_of(50 + 0.01 * HOURS[None, :] / 24).labels == ("stable",)


def test_less_than_two_weeks_give_no_label() -> None:
    """A short history is unknown, not stable."""
    assert trend_of((50 + HOURS)[None, : 13 * 24]).labels == (None,)


def test_gaps_do_not_change_the_label() -> None:
    """A third of the hours missing leaves the trend what it was."""
    values = 50 + 0.5 * HOURS / 24 + DAY + _noise(1)
    values[:, np.random.default_rng(2).random(len(HOURS)) < 1 / 3] = np.nan
    assert trend_of(values).labels == ("increasing",)


def test_a_constant_series_is_stable() -> None:
    """Nothing moves: p is 1 and the slope is 0."""
    trends = trend_of(np.full((1, 28 * 24), 7.0))
    assert (trends.labels, trends.slope_per_day[0], trends.p[0]) == (("stable",), 0.0, 1.0)
