"""What comes at its hour or on its weekday is usual there, and what comes at another hour is not."""

from datetime import UTC, datetime

import numpy as np
import pytest

from plimsoll.analysis.anomalies.analyse import look_at
from plimsoll.analysis.anomalies.calendar_slots import usual_at_its_hour
from plimsoll.analysis.anomalies.contract import Finding
from plimsoll.analysis.anomalies.residuals import residuals
from plimsoll.analysis.grid import Grid, Series
from plimsoll.analysis.robust import Floats

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 22
ROWS = DAYS * 96
AT = np.arange(ROWS)
HOUR, WEEKDAY = AT % 96 / 4, AT // 96 % 7


def said(*loads: Floats, until_day: int = DAYS) -> list[Finding]:
    """What is found on the last day of each load, all of them percentages of one class."""
    values = np.clip(np.array(loads), 0, 100).astype(np.float32)[:, : until_day * 96]
    series = tuple(Series(f"r{n}", "", "cpu_utilization_pct") for n in range(len(loads)))
    grid = Grid(series, values, MONDAY, 900.0)
    found = look_at(grid, names=("unusual",), classes={}, at_least_s=86_400)
    return [one for one in found if one.start >= grid.time(grid.rows - 96)]


def steady(seed: int, level: float = 20.0) -> Floats:
    """Noise of one point around a level."""
    noise: Floats = level + np.random.default_rng(seed).normal(0, 1, ROWS)
    return noise


def batch(seed: int) -> Floats:
    """88 % from Saturday 20:00 to Sunday 04:00."""
    runs = ((WEEKDAY == 5) & (HOUR >= 20)) | ((WEEKDAY == 6) & (HOUR < 4))
    return steady(seed) + np.where(runs, 68.0, 0.0)


def test_a_job_at_the_same_minute_is_learnt_after_three_days() -> None:
    """On the fourth night a backup is no news; at an hour at which it never ran it is."""
    backup = np.where((AT % 96 == 9) & (AT // 96 >= DAYS - 4), 40.0, 0.0)
    elsewhere = np.where((AT % 96 == 9) & (AT // 96 < DAYS - 1) | (AT == ROWS - 40), 40.0, 0.0)
    assert "r0" not in {one.resource_id for one in said(steady(1) + backup, steady(2), steady(3))}
    assert "r0" in {one.resource_id for one in said(steady(1) + elsewhere, steady(2), steady(3))}


@pytest.mark.parametrize("day", [20, 21, 22])
def test_the_third_saturday_batch_is_no_news(day: int) -> None:
    """The same eight hours each week: neither its beginning nor its night, nor the Monday after it."""
    assert said(batch(4), steady(5), steady(6), until_day=day) == []


def test_a_batch_on_another_day_is_news() -> None:
    """The same load on a Monday."""
    loads = batch(4)
    loads[-30:-10] += 68
    assert [one.resource_id for one in said(loads, steady(5), steady(6))] == ["r0"]


def test_the_load_of_the_day_at_night_is_news_with_the_scale_of_the_night() -> None:
    """Every day 70 % from 8 to 18, 30 % else; one night 70 %: far outside the range that is printed beside it."""
    rhythm = 30 + 40.0 * ((HOUR >= 8) & (HOUR < 18))
    night = rhythm + np.random.default_rng(7).normal(0, 1.5, ROWS)
    night[-92:-72] = 70
    (found,) = said(night, rhythm + np.random.default_rng(8).normal(0, 1.5, ROWS))
    low, high = found.moved[0].band
    assert high < 45
    assert low > 15
    assert found.moved[0].z > 10


def test_working_days_are_expected_on_working_days_alone() -> None:
    """After two weeks a weekend's expected value is a weekend's, and a Monday's a Monday's."""
    load = 10 + 60.0 * ((WEEKDAY < 5) & (HOUR >= 8) & (HOUR < 18)) + np.random.default_rng(9).normal(0, 1, ROWS)
    found = residuals(load[None, :], per_day=96.0)
    noon = [day * 96 + 48 for day in range(19, 22)]
    assert found.expected[0, noon] == pytest.approx([10, 10, 70], abs=2)
    assert np.nanmax(np.abs(found.z["season"][0, 20 * 96 :])) < 8


def test_gaps_and_short_histories_know_no_hours() -> None:
    """No limit without days to compare with; a silent day is not a day without the spike."""
    spike = np.where(AT % 96 == 9, 40.0, 1.0)[None, :]

    def left(since: int) -> float:
        """What is left of a surprise of three decades at the spike of the last day."""
        rare = np.full((1, ROWS - since), 3.0)
        return float(usual_at_its_hour(rare, spike, per_day=96.0, start=since)[0, ROWS - 96 + 9 - since])

    assert left(ROWS - 96) == left(ROWS - 10 * 96) == pytest.approx(0.0)
    spike[:, : ROWS - 96 - 2 * 96] = np.nan
    assert left(ROWS - 96) == 3.0
    rare = np.full((1, ROWS - 5), 3.0)
    assert usual_at_its_hour(rare, spike, per_day=1.0, start=5).tolist() == rare.tolist()
