"""Surprises, scores and events of single series."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from plimsoll.analysis.anomalies import events, forest, scores
from plimsoll.analysis.anomalies.contract import Finding, Moved
from plimsoll.analysis.anomalies.forest import FEWEST_ROWS, fit
from plimsoll.analysis.anomalies.residuals import NAMES, residuals
from plimsoll.analysis.anomalies.scores import sustain
from plimsoll.analysis.anomalies.surprise import surprise
from plimsoll.analysis.anomalies.wording import explain
from tests.grids import PER_DAY, fleet_values, grid_of

QUARTER_S = 900.0


def test_surprise_is_how_seldom_it_was_seen() -> None:
    """Of 999 earlier values none was as large: p = 1/1000; beyond the largest the tail goes on, two decades at most."""
    history = np.arange(999.0)
    rows = np.concatenate([history, [998.5, 997.5, 1e9, np.nan]])[None, :]
    told = surprise(rows, refresh=10_000, start=999)[0, 999:]
    assert told[1] == pytest.approx(-np.log10(2 / 1000))
    assert 3.0 <= told[0] < 3.2
    assert told[2] == pytest.approx(5.0)
    assert np.isnan(told[3])


def test_two_sided_surprise_sees_both_ends() -> None:
    """A value never so small is as surprising as one never so large."""
    rows = np.concatenate([np.random.default_rng(0).normal(size=2000), [-9.0, 9.0]])[None, :]
    low, high = surprise(rows, refresh=10_000, start=2000, two_sided=True)[0, -2:]
    assert low == pytest.approx(high, rel=0.2)
    assert low > 3


def test_residuals_use_earlier_rows_only() -> None:
    """What comes later changes no residual before it."""
    values = fleet_values(resources=1, days=6)[0]
    changed = values.copy()
    changed[:, 400:] *= 7
    before, after = residuals(values, per_day=PER_DAY), residuals(changed, per_day=PER_DAY)
    for name in NAMES:
        np.testing.assert_array_equal(before.z[name][:, :400], after.z[name][:, :400])


def test_the_hour_of_the_day_is_expected() -> None:
    """A strong daily rhythm: the expected value follows it, so that the peak of noon is no surprise."""
    t = np.arange(10 * PER_DAY) / PER_DAY
    noise = np.random.default_rng(1).normal(0, 0.5, len(t))
    values = (50 + 30 * np.sin(2 * np.pi * t) + noise)[None, :]
    found = residuals(values, per_day=PER_DAY)
    last = slice(8 * PER_DAY, None)
    assert np.abs(found.expected[0, last] - values[0, last]).mean() < 3.5
    away = np.abs(values[0, last] - found.expected[0, last])
    assert found.z["season"][0, last] == pytest.approx((values - found.expected)[0, last] / found.scale[0, last])
    assert away.max() < 0.3 * np.abs(values[0, last] - 50).max()
    assert np.abs(found.z["season"][0, last]).max() < 3


def test_a_held_score_goes_on_while_readings_stay_strange() -> None:
    """It falls to a multiple of what is now, not to what is now."""
    assert sustain(np.array([0.0, 5.0, 2.5, 2.0, 0.1]), 1.6).tolist() == pytest.approx([0.0, 5.0, 4.0, 3.2, 0.16])


def test_one_event_is_told_once() -> None:
    """Rows an hour apart are one event; twelve quiet hours after it a weaker one is not told, a day later it is."""
    score = np.zeros(4 * PER_DAY)
    score[100], score[103], score[130], score[300] = 4.0, 3.9, 3.5, 3.5
    found = events.onsets(score, step_s=QUARTER_S, alarm=3.0)
    assert [(e.first, e.last) for e in found] == [(100, 103), (300, 300)]


def test_what_comes_every_day_is_less_news() -> None:
    """The same size each day: told at first, then not; a larger one is."""
    score = np.zeros(12 * PER_DAY)
    score[::PER_DAY] = 3.2
    score[0] = 0
    score[11 * PER_DAY] = 5.0
    firsts = [e.first // PER_DAY for e in events.onsets(score, step_s=QUARTER_S, alarm=3.0)]
    assert firsts[0] == 1
    assert firsts[-1] == 11
    assert len(firsts) < 6


def test_what_grows_slowly_does_not_get_used_to_itself() -> None:
    """A leak raises the score row by row: that is one piece of news."""
    score = np.concatenate([np.zeros(50), np.linspace(2.4, 4.2, 100), np.zeros(50)])
    (found,) = events.onsets(score, step_s=QUARTER_S, alarm=3.0)
    assert found.score > 4.0


def test_stretches_are_joined_over_an_hour() -> None:
    """Four rows of a quarter of an hour."""
    score = np.zeros(60)
    score[[5, 9, 20]] = 3.5
    assert [(e.first, e.last) for e in events.stretches(score, step_s=QUARTER_S, alarm=3.0)] == [(5, 9), (20, 20)]


def test_a_forest_needs_rows_and_is_the_same_each_time() -> None:
    """Without enough of them every row is a usual one; the outlier is stranger than the crowd."""
    rows = np.random.default_rng(0).normal(size=(500, 3))
    assert (fit(rows[: FEWEST_ROWS - 1]).rate(rows) == 0.4).all()
    strange = np.array([[9.0, 9.0, 9.0], [0.0, 0.0, 0.0]])
    first, second = fit(rows).rate(strange), fit(rows).rate(strange)
    np.testing.assert_array_equal(first, second)
    assert first[0] > first[1] + 0.2


def test_a_flat_line_is_explained_as_one() -> None:
    """How long it has not moved and how much it did: not a value inside its own range, which is nothing strange."""
    start = datetime(2026, 1, 16, 2, tzinfo=UTC)
    flat = Finding(
        detector="flat_line",
        resource_id="a",
        metric="gpu_temperature_c",
        start=start,
        end=None,
        peak=start + timedelta(hours=9, minutes=30),
        severity="high",
        score=3.0,
        threshold=1.0,
        samples=500,
        moved=[Moved(metric="gpu_temperature_c", device="gpu3", value=61.0, expected=60.0, scale=2.5, z=0.4)],
    )
    said = "has not moved from 61 c for 9.5 h; before, its standard deviation was 2.5 c."
    assert explain(flat).endswith(f" of gpu3 {said}")
    assert "expected" not in explain(flat)
    assert "did not move" in explain(replace(flat, end=start + timedelta(hours=9)))


def test_what_no_forest_would_make_strange_is_not_asked_of_it() -> None:
    """Every score of the noticed size or more is the same with the shortcut as without it, to the last bit."""
    grid = grid_of(fleet_values(resources=4, days=9))
    grid.values[2, 700:712] *= 1.7
    found = scores.surprises(grid, since=600)
    model = forest.fit(np.moveaxis(found.by_residual, 0, -1).reshape(-1, 7))
    whole, rated = scores.metric_scores(found, model)
    quick, asked = scores.metric_scores(found, model, least=2.3)
    assert np.isnan(asked).mean() > 0.25
    assert rated[~np.isnan(asked)].tolist() == asked[~np.isnan(asked)].tolist()
    assert np.where(whole >= 2.3, whole, 0).tolist() == np.where(quick >= 2.3, quick, 0).tolist()
    features = scores.resource_features(scores.combined(found, scores.RESOURCE_WEIGHTS)[:6])
    joint = forest.fit(features)
    every = scores.resource_score(features, joint.rate(features))
    fewer = scores.resource_score(features, scores.resource_rated(features, joint))
    assert np.where(every >= scores.ALARM, every, 0).tolist() == np.where(fewer >= scores.ALARM, fewer, 0).tolist()
    assert np.nanmax(joint.rate(np.concatenate([features * 1e3, -features * 1e3]))) < forest.MOST_RATED


def test_one_sort_serves_many_refreshes() -> None:
    """Counting by hand: p of each row by all the rows before its own refresh, gaps, ties and constants included."""
    rng = np.random.default_rng(8)
    values = np.abs(rng.normal(size=(5, 300)))
    values[1, rng.random(300) < 0.3] = np.nan
    values[2] = np.round(values[2], 1)
    values[3] = 0.0
    values[4, :] = np.nan
    found = surprise(values, refresh=7, start=50)
    for row in range(50, 300):
        history = values[:, : 50 + (row - 50) // 7 * 7]
        for n in range(4):
            past = history[n][~np.isnan(history[n])]
            if np.isnan(values[n, row]) or values[n, row] > past.max():
                continue
            p = (1 + np.count_nonzero(past >= values[n, row])) / (len(past) + 1)
            assert found[n, row] == pytest.approx(-np.log10(p))
    assert np.isnan(found[4]).all()
