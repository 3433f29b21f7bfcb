"""The outlook: never a path without a band that held; where nothing is shown, the reason."""

import numpy as np
import pytest

from plimsoll.analysis.forecasts.outlook import DOES_NOT_HOLD, LOSES, TOO_SHORT, outlook
from plimsoll.analysis.robust import Floats

HOURS = np.arange(35 * 24, dtype=np.float64)
DAY = 10 * np.sin(2 * np.pi * HOURS / 24)


def _noise(rows: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(size=(rows, len(HOURS)))


def test_every_path_has_a_band_around_it() -> None:
    """Where there is a value, there is a lower and an upper edge, and the value lies between."""
    history = 50 + DAY + _noise(20)
    history[3] = np.nan
    history[4, :-100] = np.nan
    history[5] = np.random.default_rng(5).standard_cauchy(len(HOURS))
    seen = outlook(history, steps=14 * 24)
    shown = ~np.isnan(seen.path)
    assert (shown == ~np.isnan(seen.low)).all()
    assert (shown == ~np.isnan(seen.high)).all()
    assert (seen.low[shown] <= seen.path[shown]).all()
    assert (seen.path[shown] <= seen.high[shown]).all()


def test_what_is_withheld_says_why_and_shows_nothing() -> None:
    """Reasons and paths exclude each other."""
    history = 50 + DAY + _noise(6)
    history[0] = np.nan
    history[1, : -10 * 24] = np.nan
    seen = outlook(history, steps=24)
    assert seen.withheld[:2] == (TOO_SHORT, TOO_SHORT)
    for row, reason in zip(seen.path, seen.withheld, strict=True):
        assert np.isnan(row).all() == (reason is not None)


def test_less_than_two_weeks_is_not_enough() -> None:
    """Thirteen days give no forecast, and no error."""
    seen = outlook((50 + DAY)[None, : 13 * 24], steps=24)
    assert seen.withheld == (TOO_SHORT,)
    assert np.isnan(seen.path).all()


def test_a_series_that_left_its_rhythm_is_withheld() -> None:
    """A service that moved to twelve times its level twelve days ago left every band that was drawn before."""
    moved = 50 + DAY + _noise(1)
    moved[:, -12 * 24 :] += 500
    seen = outlook(np.concatenate([50 + DAY + _noise(30), moved]), steps=24)
    assert seen.withheld[-1] in (LOSES, DOES_NOT_HOLD)


def test_a_pure_rhythm_beats_last_week() -> None:
    """A daily rhythm under noise: a third less error than last week has, and a band that holds."""
    seen = outlook(50 + DAY + _noise(40), steps=7 * 24)
    assert float(np.mean(seen.skill)) > 0.2
    assert 0.7 < float(np.mean(seen.coverage)) < 0.9


def test_weekends_are_seen() -> None:
    """What happens on two days of seven is forecast for the right two days."""
    weekend = (HOURS // 24 % 7) >= 5
    history = np.tile(50 + DAY - 30 * weekend, (10, 1)) + _noise(10)
    seen = outlook(history, steps=7 * 24)
    expected = (50 + DAY - 30 * weekend)[: 7 * 24]
    assert float(np.nanmean(np.abs(seen.path - expected))) < 2.0


def test_a_rise_is_carried_on() -> None:
    """Half a point a day goes on rising half a point a day."""
    history = 50 + DAY + _noise(10)
    history[0] += 0.5 * HOURS / 24
    seen = outlook(history, steps=14 * 24)
    assert seen.lead[0] == "profile + Theil-Sen"
    assert seen.sloping[0]
    assert float(seen.path[0, -24:].mean()) == pytest.approx(50 + 0.5 * 48.5, abs=1.0)


def test_the_same_history_gives_the_same_outlook() -> None:
    """No chance anywhere: two runs agree to the last bit."""
    history = 50 + DAY + _noise(5)
    first, second = outlook(history, steps=48), outlook(history, steps=48)
    np.testing.assert_array_equal(first.path, second.path)
    np.testing.assert_array_equal(first.high, second.high)


def test_hours_before_the_first_whole_day_do_not_matter() -> None:
    """A history is counted back from now, whatever the clock says."""
    history = 50 + DAY + _noise(5)
    longer = np.concatenate([np.full((5, 7), 9.0), history], axis=1)
    np.testing.assert_array_equal(outlook(history, steps=24).path, outlook(longer, steps=24).path)
