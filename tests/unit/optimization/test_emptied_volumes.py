"""A volume that is emptied again and again, and in time, does not fill; one of which that is no longer so does."""

from collections.abc import Sequence

import numpy as np
import pytest

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rules.volume_filling import RULE
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource

PER_DAY = 288
RESOURCE = Resource(resource_id="v", name="v", type="storage")


def rising(cleaned: Sequence[float], *, low: float, per_day: float) -> Floats:
    """Fourteen days that rise by so many points a day, and begin anew at `low` so many days before the end."""
    back = np.arange(14 * PER_DAY, 0, -1) / PER_DAY
    last = np.array([min((one for one in [*cleaned, 21.0] if one >= day), default=21.0) for day in back])
    return np.asarray(low + per_day * (last - back), dtype=np.float64)


def found(row: Floats) -> bool:
    """Whether the rule accuses it."""
    return RULE.evaluate(ResourceWindow(RESOURCE, {"storage_utilization_pct": row}, PER_DAY, 300.0, 1.0)) is not None


@pytest.mark.parametrize("since", [1.5, 3.0, 5.0, 6.8])
def test_cleaned_each_week_it_does_not_fill(since: float) -> None:
    """Rising from 50 to 83 % and cleaned each week, on any day of the week."""
    assert not found(rising((since, since + 7), low=50, per_day=33 / 7))


def test_the_same_pace_without_clean_ups_fills() -> None:
    """Nothing has ever been deleted."""
    row = rising((), low=0.0, per_day=33 / 7)
    assert found(row - row[-1] + 83)


def test_an_overdue_clean_up_is_not_expected_any_more() -> None:
    """Cleaned each second day until five days ago."""
    assert found(rising((5.0, 7.0, 9.0, 11.0), low=50, per_day=8))


def test_a_clean_up_that_comes_too_late_is_no_reason() -> None:
    """At twice the usual pace it is full before the next one is due."""
    row = rising((3.0, 10.0), low=40, per_day=33 / 7)
    row[-3 * PER_DAY :] = 40 + 14 * (3 - np.arange(3 * PER_DAY, 0, -1) / PER_DAY)
    assert found(row)


def test_one_clean_up_is_no_habit() -> None:
    """Somebody made room once."""
    assert found(rising((6.0,), low=50, per_day=5.5))
