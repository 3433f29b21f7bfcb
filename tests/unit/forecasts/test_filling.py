"""Filling series: rises, clean-ups, and clean-ups that no longer come."""

import numpy as np

from plimsoll.analysis.forecasts.filling import applies, path
from plimsoll.analysis.forecasts.outlook import outlook
from plimsoll.analysis.robust import Floats

T = np.arange(30 * 24) / 24


def saw_tooth(period_days: float, *, trough: float = 50.0, peak: float = 80.0, drift: float = 0.0) -> Floats:
    """Rises from trough to peak, falls at once; `drift` lifts each tooth above the one before."""
    tooth, inside = np.floor(T / period_days), (T / period_days) % 1
    values = trough + (peak - trough) * inside + drift * tooth
    return np.asarray(values + np.random.default_rng(1).normal(0, 0.3, len(T)))[None, :]


def test_a_saw_tooth_is_known_as_one() -> None:
    """Straight rises cut by clean-ups; noise, a rhythm or a plain rise are something else."""
    rng = np.random.default_rng(2)
    assert applies(saw_tooth(5)).all()
    others = np.stack([rng.normal(size=len(T)), np.sin(2 * np.pi * T), T, np.cumsum(rng.normal(size=len(T)))])
    assert not applies(others).any()


def test_the_teeth_go_on_below_their_peak() -> None:
    """A disk that is cleaned at 80 % each fifth day is not forecast above 82 % two months ahead."""
    ahead = path(saw_tooth(5), 60 * 24)
    assert float(ahead.max()) < 82
    assert float(ahead.min()) > 48


def test_a_clean_up_long_overdue_is_not_counted_on() -> None:
    """Cleaned each fourth day until ten days ago: the disk goes on filling."""
    values = saw_tooth(4, peak=60)
    values[0, -10 * 24 :] = 50 + 2.5 * np.arange(10 * 24) / 24
    ahead = path(values, 10 * 24)
    assert (np.diff(ahead[0]) > 0).all()
    assert float(ahead[0, -1]) > 90


def test_growing_teeth_go_on_growing() -> None:
    """Each peak a point above the last: after ten more teeth ten points higher."""
    ahead = path(saw_tooth(5, drift=1.0), 50 * 24)
    assert 86 < float(ahead.max()) < 98


def test_a_saw_tooth_with_its_peak_under_the_line_never_reaches_it() -> None:
    """Log rotation and nightly backups raise no alarm, whatever the rhythm and the phase."""
    for period in (1.0, 2.0, 5.0, 7.0, 10.0):
        series = np.concatenate([saw_tooth(period)[:, shift : shift + 28 * 24] for shift in (0, 11, 37)])
        seen = outlook(series, steps=30 * 24)
        assert not (seen.path > 85).any(), period


def test_a_rise_that_began_lately_is_carried_on() -> None:
    """Flat at 45 % for three weeks, then three and a half points a day: the disk is full in a week, not never."""
    values = 45 + 3.5 * np.maximum(T - 20, 0) + np.random.default_rng(4).normal(0, 0.05, len(T))
    assert applies(values[None, :]).all()
    ahead = path(values[None, :], 7 * 24)
    assert abs(float(ahead[0, -1]) - (80 + 7 * 3.5)) < 2


def test_a_step_is_no_rise() -> None:
    """A volume that was given a larger file and then rested is not filling."""
    values = 45 + 20.0 * (T > 20) + np.random.default_rng(4).normal(0, 0.5, len(T))
    assert not applies(values[None, :]).any()
