"""Instants, durations and windows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.clock import Window, ceiling, duration_s, floor, instant, rfc3339
from plimsoll.errors import BadParameter

INSTANTS = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    ["2026-13-01T00:00:00Z", "tomorrow", "2026-01-16T18:00:00", "2026-01-16", "0001-01-01T00:00:00+14:00",
     "2026-01-16T24:30:00Z", "2026-01-16T18:00:60Z", "٢٠٢٦-01-16T18:00:00Z", ""],
)  # fmt: skip
def test_what_is_not_an_instant_with_a_zone_is_refused(text: str) -> None:
    """B18: A naive time would mean another instant on another machine."""
    with pytest.raises(BadParameter, match="write it as 2026-01-16T18:00:00Z"):
        instant(text, name="--as-of")


@pytest.mark.parametrize("text", ["5", "-1h", "1e1d", "٧d", "7 d", "P1D", "1H", "", "nanh", "infd"])
def test_a_duration_without_its_unit_is_refused(text: str) -> None:
    """B18: the unit is part of the number."""
    with pytest.raises(BadParameter):
        duration_s(text)


@given(INSTANTS)
def test_an_instant_written_is_the_instant_read(at: datetime) -> None:
    """Documents keep milliseconds."""
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert instant(rfc3339(at)) == at


@given(INSTANTS, st.sampled_from([10, 60, 300, 900, 3600, 86400]))
def test_a_window_is_aligned_outwards(now: datetime, step_s: int) -> None:
    """It holds now and the whole range, and its edges are multiples of the granularity."""
    window = Window.back_from(now, range_s=86400, granularity_s=step_s)
    assert window.start <= now - timedelta(days=1)
    assert now <= window.end < now + timedelta(seconds=step_s)
    assert floor(window.start, step_s) == window.start
    assert ceiling(window.end, step_s) == window.end
    assert window.points * step_s == window.seconds
