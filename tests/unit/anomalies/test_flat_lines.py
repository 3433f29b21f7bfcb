"""A sensor that is stuck is a flat line; a metric that rests at a value which it has had before is not."""

from datetime import UTC, datetime

import numpy as np
import pytest

from plimsoll.analysis.anomalies import flat_line
from plimsoll.analysis.anomalies.contract import Look
from plimsoll.analysis.grid import Grid, Series
from plimsoll.analysis.robust import Floats

DAYS, DAY = 10, 96
ROWS = DAYS * DAY
STILL_H = 9


def found(values: Floats) -> int:
    """How many flat lines the last day has."""
    series = (Series("r", "", "queue_depth_count"),)
    grid = Grid(series, values[None].astype(np.float32), datetime(2026, 3, 2, tzinfo=UTC), 900.0)
    return len(flat_line.find(grid, Look(since=ROWS - DAY, alarm=3.0)))


def busy(seed: int, *, whole: bool) -> Floats:
    """Moves at nearly every step; in whole numbers between 3 and 90, or as finely as a sensor."""
    values = 46 + 40 * np.random.default_rng(seed).uniform(-1, 1, ROWS)
    return np.asarray(np.round(values) if whole else values, dtype=np.float64)


def rested(values: Floats, at: float | None = None) -> Floats:
    """The same, still for nine hours in the last day, at a value of its own or at the one that it had then."""
    out, first = values.copy(), ROWS - STILL_H * 4 - 8
    out[first:-8] = out[first] if at is None else at
    return out


@pytest.mark.parametrize("seed", range(20))
def test_a_count_that_rests_at_a_number_is_no_flat_line(seed: int) -> None:
    """A queue of 17 for nine quiet hours: it had 17 before."""
    counts = busy(seed, whole=True)
    assert np.count_nonzero(np.diff(counts) == 0) < 0.05 * ROWS
    assert found(rested(counts)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_sensor_that_repeats_a_value_of_its_own_is_one(seed: int) -> None:
    """A value that it never had before, to the last digit, for nine hours."""
    assert found(rested(busy(seed, whole=False))) == 1
    assert found(busy(seed, whole=False)) == 0


def test_a_whole_number_that_was_never_read_before_is_one() -> None:
    """A count stuck at 500, where it had never been."""
    assert found(rested(busy(3, whole=True), at=500.0)) == 1
