"""Days to the load line: the three dates, the states, the date to decide by."""

from datetime import date

import pytest

from plimsoll.analysis.capacity.line_crossing import Days, crossing, days_to, decide_by, state_of
from plimsoll.analysis.capacity.outlook import Ahead
from plimsoll.analysis.forecasts.outlook import LOSES, TOO_SHORT
from tests.capacities import straight

TODAY = date(2026, 1, 16)


def test_early_middle_and_late_are_where_the_band_crosses() -> None:
    """The upper edge gives the earliest day, the path the middle one, the lower edge the latest."""
    days = days_to(straight(now=80, growth=1.0), 90)
    assert days == Days(8, 10, 12)
    dated = crossing(days, TODAY)
    assert (dated.early, dated.middle, dated.late) == ("2026-01-24", "2026-01-26", "2026-01-28")


@pytest.mark.parametrize(
    ("ahead", "state"),
    [
        (straight(now=80, growth=1.0), "crosses"),
        (straight(now=80, growth=0.05), "not within the horizon"),
        (straight(now=80, growth=-0.5), "falling"),
        (straight(now=80), "not within the horizon"),
        (straight(now=92, growth=-0.1), "over now"),
        (straight(now=80, withheld=TOO_SHORT), "not enough history"),
        (straight(now=80, withheld=LOSES), "too irregular"),
        (straight(now=95, withheld=LOSES), "over now"),
        (straight(now=float("nan")), "no data"),
    ],
)
def test_each_state_has_its_name(ahead: Ahead, state: str) -> None:
    """What is measured comes before what is forecast: over the line is over the line, whatever the model says."""
    assert state_of(ahead, 90) == state


def test_a_wide_band_alone_crosses_nothing() -> None:
    """Uncertainty that grows past the line is no forecast of reaching it."""
    assert state_of(straight(now=80, spread=15), 90) == "not within the horizon"


def test_the_date_to_decide_by_is_early_less_delivery_less_review() -> None:
    """Crossing early on 5 February, five days of delivery, a week between reviews: decide by 24 January."""
    due = decide_by(Days(20, 25, None), TODAY, delivery_days=5, review_days=7)
    assert (due.date, due.days, due.late) == ("2026-01-24", 8, False)


def test_a_date_in_the_past_is_late() -> None:
    """What should have been decided last week says so."""
    due = decide_by(Days(3, 5, 9), TODAY, delivery_days=5, review_days=7)
    assert (due.date, due.late) == ("2026-01-07", True)


def test_part_of_a_day_of_delivery_counts_against_us() -> None:
    """Half a day is rounded to the safe side."""
    assert decide_by(Days(10, 12, None), TODAY, delivery_days=0.5, review_days=0).days == 9
