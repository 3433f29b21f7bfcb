"""Surprises are counts of what came before: each is what counting one by one gives, with gaps and ties."""

import math

import numpy as np
import pytest

from plimsoll.analysis.anomalies.surprise import surprise
from plimsoll.analysis.robust import Floats


@pytest.mark.parametrize("seed", range(3))
def test_a_surprise_is_the_share_of_earlier_readings_that_were_as_large(seed: int) -> None:
    """-log10 of (1 + how many before its own six rows were at least as large) / (1 + how many were read)."""
    rng = np.random.default_rng(seed)
    values: Floats = np.asarray(np.abs(rng.normal(size=(4, 150))).round(1), dtype=np.float64)
    values[rng.random(values.shape) < 0.1] = np.nan
    values[0, :40] = np.nan
    found = surprise(values, refresh=6, start=60)
    seen = 0
    for series, row in zip(*np.nonzero(~np.isnan(found)), strict=True):
        before = values[series, : 60 + (row - 60) // 6 * 6]
        known = before[~np.isnan(before)]
        as_large = int(np.count_nonzero(known >= values[series, row]))
        if as_large and len(known):
            seen += 1
            assert found[series, row] == pytest.approx(-math.log10((1 + as_large) / (1 + len(known))))
    assert seen > 200
    assert np.isnan(found[np.isnan(values)]).all()
