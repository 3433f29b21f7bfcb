"""Baselines: by hour of the week, robust, after a shift of level; what is too short says so."""

from datetime import UTC, datetime

import numpy as np
import pytest

from plimsoll.analysis.baselines.build import INSUFFICIENT, baselines
from plimsoll.analysis.baselines.shifts import last_shift
from plimsoll.analysis.grid import Grid, Series
from plimsoll.analysis.robust import Floats

MONDAY = datetime(2025, 12, 1, tzinfo=UTC)
WEEK = 168


def hourly(values: Floats) -> Grid:
    """One series that begins on a Monday."""
    return Grid((Series("a", "", "cpu_utilization_pct"),), values[None, :].astype(np.float32), MONDAY, 3600.0)


def weeks(count: int, *, noise: float = 0.5, seed: int = 2) -> Floats:
    """Days with a rhythm; Sundays are ten lower."""
    t: Floats = np.arange(count * WEEK, dtype=np.float64)
    sunday = np.where(t % WEEK >= 144, 10.0, 0.0)
    return 40 + 8 * np.sin(2 * np.pi * t / 24) - sunday + np.random.default_rng(seed).normal(0, noise, len(t))


def test_four_weeks_know_the_hour_of_the_week() -> None:
    """Sunday noon is not Monday noon."""
    found = baselines(hourly(weeks(4))).by_hour
    assert found.height == WEEK
    monday, sunday = found.row(12, named=True), found.row(156, named=True)
    assert monday["method"] == "hour of week"
    assert monday["median"] - sunday["median"] == pytest.approx(10, abs=1.0)
    assert monday["n"] == 4


def test_two_weeks_lean_on_the_hour_of_the_day() -> None:
    """By k / (k + 2): half and half."""
    values = weeks(2, noise=0.0)
    found = baselines(hourly(values)).by_hour
    sunday = found.row(156, named=True)
    day = float(np.median(values[12::24]))
    assert sunday["method"] == "hour of week, shrunk"
    assert sunday["median"] == pytest.approx(0.5 * values[156] + 0.5 * day, abs=0.01)


def test_less_than_two_days_are_no_baseline() -> None:
    """Nothing is printed, and it is said."""
    found = baselines(hourly(weeks(1)[:24])).by_hour
    assert set(found["method"]) == {INSUFFICIENT}
    assert found["median"].null_count() == found.height
    assert baselines(hourly(weeks(1)[:24])).usual["high"].null_count() == 1


def test_one_wrong_reading_in_twenty_moves_nothing() -> None:
    """Median, mean and deviation with 5 % of the readings ten times too high."""
    clean, dirty = weeks(8), weeks(8)
    wrong = np.random.default_rng(3).random(len(dirty)) < 0.05
    dirty[wrong] *= 10
    before, after = baselines(hourly(clean)).by_hour, baselines(hourly(dirty)).by_hour
    assert np.abs((before["median"] - after["median"]).to_numpy()).max() < 1.0
    assert np.abs((before["mean"] - after["mean"]).to_numpy()).mean() < 0.5


def test_a_new_level_is_the_new_normal_and_told_with_date_and_size() -> None:
    """From the day of the shift on only the new level counts."""
    values = weeks(5)
    values[3 * WEEK :] += 30
    found = baselines(hourly(values))
    shift = found.usual.row(0, named=True)
    assert shift["shift_at"] == datetime(2025, 12, 22, tzinfo=UTC)
    assert shift["shift_size"] == pytest.approx(30, abs=2)
    assert found.by_hour.row(12, named=True)["median"] > 65


def test_weekends_and_noise_are_no_shifts() -> None:
    """Fifty series of eight weeks, ending on any weekday."""
    daily = np.stack([np.median(weeks(8, noise=3, seed=n).reshape(-1, 24), axis=1) for n in range(50)])
    for end in range(7):
        assert (last_shift(daily[:, : 56 - end]).day == -1).all()


def test_trends_are_told_with_two_weeks_and_absent_below() -> None:
    """A drift of a point a day is seen."""
    rising = weeks(4) + np.arange(4 * WEEK) / 24
    assert baselines(hourly(rising)).trends["trend"].to_list() == ["increasing"]
    assert baselines(hourly(weeks(4))).trends["trend"].to_list() == ["stable"]
    assert baselines(hourly(weeks(1))).trends["trend"].to_list() == [None]
