"""The text of a schedule means one thing, or is refused in one line."""

from datetime import time

import pytest

from plimsoll.errors import BadParameter
from plimsoll.schedule.schedules import Daily, Every, Hourly, Monthly, Schedule, Weekly, parse


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("every 30s", Every(30.0)),
        ("every 1d", Every(86_400.0)),
        ("hourly", Hourly()),
        ("hourly :05", Hourly(5)),
        ("daily 07:00", Daily(time(7))),
        ("sun 23:59", Weekly(6, time(23, 59))),
        ("monthly 00:00", Monthly(time())),
    ],
)
def test_each_form_is_understood(text: str, schedule: Schedule) -> None:
    """Six forms, each readable aloud."""
    assert parse(text) == schedule


@pytest.mark.parametrize(
    "text",
    ["", "@reboot", "every 0s", "every 2d", "every 30", "daily 24:00", "daily 7:00", "daily ٠٧:00", "mon", "noon 07:00",
     "hourly :60", "cron * * *", "cron 61 * * * *", "cron 0 0 31 2 *", "cron 5-1 * * * *", "cron x * * * *",
     "cron */0 * * * *", "cron 0 0 1 1 1 1"],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    """B05: the message says what is wrong and shows the forms that are right."""
    with pytest.raises(BadParameter, match="is not a schedule") as refused:
        parse(text)
    assert "\n" not in str(refused.value)
    assert "daily 07:00" in str(refused.value)
