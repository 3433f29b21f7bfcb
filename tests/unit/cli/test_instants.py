"""How people say when, for every command."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from plimsoll.cli.instants import first_instant_of, future_instant, past_instant
from plimsoll.clock import rfc3339
from plimsoll.errors import BadParameter

NOW = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)  # 01:30 of the 25th in Berlin, the day that has 25 hours
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-10-23", "2026-10-23T22:00:00Z"),
        ("2026-10-25", "2026-10-24T23:30:00Z"),
        ("2026-03-29", "2026-03-29T22:00:00Z"),
        ("2026-10-24T23:30:00Z", "2026-10-24T23:30:00Z"),
    ],
)
def test_a_date_is_its_end_in_the_projects_zone_and_today_is_now(text: str, at: str) -> None:
    """`--as-of 2026-10-23` sees the whole 23rd of Berlin; of today it sees what there is."""
    assert rfc3339(past_instant(text, name="--as-of", zone=BERLIN, now=NOW)) == at


@pytest.mark.parametrize("text", ["2026-10-26", "2026-10-24T23:30:01Z"])
def test_what_lies_ahead_is_refused_by_name(text: str) -> None:
    """No lake can be seen as of tomorrow."""
    with pytest.raises(BadParameter, match=r"--as-of .* lies ahead; it is 2026-10-24T23:30:00Z now"):
        past_instant(text, name="--as-of", zone=BERLIN, now=NOW)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2h", "2026-10-25T01:30:00Z"),
        ("1.5d", "2026-10-26T11:30:00Z"),
        ("2026-10-25", "2026-10-25T23:00:00Z"),
        ("2026-11-01T06:00:00+01:00", "2026-11-01T05:00:00Z"),
    ],
)
def test_until_takes_durations_dates_and_instants(text: str, at: str) -> None:
    """`--until 2h` counts from now; a date is the end of that day, of 25 hours where it has them."""
    assert rfc3339(future_instant(text, name="--until", zone=BERLIN, now=NOW)) == at


@pytest.mark.parametrize(
    "text", ["2026-10-24", "0h", "2026-10-24T00:00:00Z", "2026-02-30", "tomorrow", "2", "1e9d", "999999999w"]
)
def test_until_refuses_what_has_passed_or_is_no_time(text: str) -> None:
    """By name, in one line."""
    with pytest.raises(BadParameter, match='--until "') as refused:
        future_instant(text, name="--until", zone=BERLIN, now=NOW)
    assert "\n" not in str(refused.value)


def test_a_range_begins_with_its_first_day() -> None:
    """`--from 2026-10-25` begins at that midnight."""
    assert rfc3339(first_instant_of("2026-10-25", name="--from", zone=BERLIN)) == "2026-10-24T22:00:00Z"
