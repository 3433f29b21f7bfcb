"""Laws that every forecaster keeps, whatever its idea."""

import numpy as np
import pytest

from plimsoll.analysis.forecasts.contract import Forecaster
from plimsoll.analysis.forecasts.outlook import forecasters
from plimsoll.analysis.robust import Floats

DAYS = 28
EVERY = pytest.mark.parametrize("model", forecasters().values(), ids=lambda model: model.name)
STEPS = pytest.mark.parametrize("steps_a_day", [24, 1])


def fleet(steps_a_day: int, *, rows: int = 6, seed: int = 7) -> Floats:
    """Days with a rhythm, weekends, one rise and one saw-tooth, noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(DAYS * steps_a_day) / steps_a_day
    values = 50 + 8 * np.sin(2 * np.pi * t) - 6 * ((t.astype(int) % 7) > 4) + rng.normal(size=(rows, len(t)))
    values[1] += 0.6 * t
    values[2] = 40 + 25 * ((t / 7) % 1) + rng.normal(0, 0.1, len(t))
    return np.asarray(values, dtype=np.float64)


@EVERY
@STEPS
def test_the_unit_does_not_matter(model: Forecaster, steps_a_day: int) -> None:
    """Bytes or gigabytes, Celsius or Fahrenheit: the same forecast in the other unit."""
    history = fleet(steps_a_day)
    here = model.path(history, 10 * steps_a_day, steps_a_day)
    there = model.path(1.8 * history + 32, 10 * steps_a_day, steps_a_day)
    np.testing.assert_allclose(there, 1.8 * here + 32, rtol=1e-9)


@EVERY
@STEPS
def test_series_do_not_know_one_another(model: Forecaster, steps_a_day: int) -> None:
    """A path is the same alone, in a fleet, and in another order."""
    history = fleet(steps_a_day)
    together = model.path(history, 7 * steps_a_day, steps_a_day)
    backwards = model.path(history[::-1], 7 * steps_a_day, steps_a_day)[::-1]
    alone = np.concatenate([model.path(row[None, :], 7 * steps_a_day, steps_a_day) for row in history])
    np.testing.assert_allclose(together, backwards, rtol=1e-12)
    np.testing.assert_allclose(together, alone, rtol=1e-12)


@EVERY
@STEPS
def test_a_constant_stays_constant(model: Forecaster, steps_a_day: int) -> None:
    """What never moved is forecast not to move."""
    history = np.full((2, DAYS * steps_a_day), 42.0)
    np.testing.assert_allclose(model.path(history, 60 * steps_a_day, steps_a_day), 42.0, rtol=1e-12)


@EVERY
@STEPS
def test_gaps_leave_no_holes_in_the_path(model: Forecaster, steps_a_day: int) -> None:
    """A fifth of the readings missing, and yesterday altogether: still a value for each step."""
    history = fleet(steps_a_day)
    history[np.random.default_rng(3).random(history.shape) < 0.2] = np.nan
    history[:, -steps_a_day:] = np.nan
    assert np.isfinite(model.path(history, 14 * steps_a_day, steps_a_day)).all()


@EVERY
@STEPS
def test_nothing_known_stays_unknown(model: Forecaster, steps_a_day: int) -> None:
    """Gaps alone give no number."""
    history = np.full((1, DAYS * steps_a_day), np.nan)
    assert np.isnan(model.path(history, 7 * steps_a_day, steps_a_day)).all()
    assert model.applies(history, steps_a_day).shape == (1,)


@EVERY
@STEPS
def test_a_longer_horizon_changes_nothing_before(model: Forecaster, steps_a_day: int) -> None:
    """The first week of sixty days is the forecast of the week."""
    history = fleet(steps_a_day)
    week, months = (model.path(history, days * steps_a_day, steps_a_day) for days in (7, 60))
    np.testing.assert_allclose(months[:, : 7 * steps_a_day], week, rtol=1e-12)


@EVERY
def test_the_history_is_not_touched(model: Forecaster) -> None:
    """Frames in, frames out: the input is the caller's."""
    history = fleet(24)
    before = history.copy()
    model.path(history, 24, 24)
    model.applies(history, 24)
    np.testing.assert_array_equal(history, before)
