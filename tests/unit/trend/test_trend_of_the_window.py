"""`trend` is of the asked window: a rise in it is seen, what wanders or has a daily shape is stable."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from plimsoll.analysis.performance.readings import inside
from plimsoll.analysis.performance.resources import GAUGES
from plimsoll.analysis.performance.window_trends import labels, window_trends
from plimsoll.analysis.robust import Floats
from plimsoll.clock import Window
from plimsoll.documents import Trend

END = datetime(2026, 1, 16, 18, tzinfo=UTC)
CPU = "cpu_utilization_pct"


def trend(values: Floats, hours: float) -> Trend | None:
    """The label of one series that fills a window of so many hours."""
    step = timedelta(hours=hours) / len(values)
    frame = pl.DataFrame(
        {
            "ts": [END - timedelta(hours=hours) + step * n for n in range(len(values))],
            "resource_id": ["a"] * len(values),
            **{column: values if column == CPU else np.full(len(values), np.nan) for column in GAUGES.values()},
        },
        schema_overrides={"ts": pl.Datetime("ms", "UTC")},
    ).fill_nan(None)
    window = Window(END - timedelta(hours=hours), END, 900)
    return window_trends(inside(frame, window), window).get(("a", CPU))


def noise(seed: int, count: int, *, like_before: float = 0.5, size: float = 3.0) -> Floats:
    """A series that remembers its last value."""
    steps = np.random.default_rng(seed).normal(0, size, count)
    found = np.zeros(count)
    for n in range(1, count):
        found[n] = like_before * found[n - 1] + steps[n]
    return found


@pytest.mark.parametrize(("hours", "steps"), [(1.0, 120), (6.0, 72), (24.0, 288), (168.0, 672), (720.0, 720)])
def test_a_rise_of_38_points_is_a_rise_in_every_window(hours: float, steps: int) -> None:
    """It was "stable" in 120 of 120 groups, since the trend was that of the last month."""
    ramp = np.linspace(0.0, 38.0, steps)
    assert trend(40 + ramp + noise(1, steps), hours) == "increasing"
    assert trend(80 - ramp + noise(2, steps), hours) == "decreasing"
    assert trend(50 + noise(3, steps), hours) == "stable"


@pytest.mark.parametrize("phase", range(0, 24, 3))
def test_the_shape_of_a_day_is_no_trend(phase: int) -> None:
    """Twenty points up and down within the day, wherever the window begins; a week of such days too."""
    for hours, steps in ((24.0, 288), (168.0, 672)):
        day = 20 * np.sin(2 * np.pi * (np.arange(steps) * hours / steps + phase) / 24)
        assert trend(50 + day + noise(phase, steps, size=1.0), hours) == "stable"


def test_what_wanders_by_itself_is_seldom_called() -> None:
    """AR(1) with 0.8 from part to part: one in seventy; with less memory hardly ever."""
    called = {
        like_before: sum(
            labels(["a"], 50 + noise(seed, 24, like_before=like_before, size=5.0)[None, :])["a"] != "stable"
            for seed in range(150)
        )
        for like_before in (0.0, 0.5, 0.8)
    }
    assert called[0.0] <= 1
    assert called[0.5] <= 1
    assert called[0.8] <= 1


def test_small_changes_are_stable_and_thin_windows_unknown() -> None:
    """Four points of a hundred are nothing; a quarter without readings says nothing."""
    assert trend(50 + np.linspace(0, 4.0, 288), 24.0) == "stable"
    assert trend(np.full(288, 50.0), 24.0) == "stable"
    half = np.where(np.arange(288) < 100, np.nan, 50.0)
    assert trend(half, 24.0) is None
