"""How a person says when: an instant, a date, or how long from now. Pure: zone and present are arguments."""

import re
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.clock import duration_s, instant, rfc3339
from plimsoll.errors import BadParameter
from plimsoll.local_time import day_start, local_day

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DURATION: Final = re.compile(r"[0-9.]+[a-z]+", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 9999
_DAY: Final = timedelta(days=1)


def past_instant(text: str, *, name: str, zone: ZoneInfo, now: datetime) -> datetime:
    """An instant that has come: a date is the end of that day in the zone, today's is now. One ahead is refused.

    >>> at, tokyo = instant("2026-11-26T12:00:00Z"), ZoneInfo("Asia/Tokyo")
    >>> [past_instant(t, name="--as-of", zone=tokyo, now=at).hour for t in ("2026-11-25", "2026-11-26")]
    [15, 12]
    """
    if (day := _day(text, name)) is not None:
        at = now if day == local_day(now, zone) else day_start(day + _DAY, zone)
    else:
        at = _instant(text, name, "2026-01-16T18:00:00Z or 2026-01-16")
    if at > now:
        raise BadParameter(name, text, why=f"lies ahead; it is {rfc3339(now.replace(microsecond=0))} now")
    return at


def future_instant(text: str, *, name: str, zone: ZoneInfo, now: datetime) -> datetime:
    """An instant that is to come: a date is the end of that day in the zone, `2h` is two hours from now.

    >>> at = instant("2026-11-26T12:00:00Z")
    >>> [rfc3339(future_instant(t, name="--until", zone=ZoneInfo("UTC"), now=at)) for t in ("2h", "2026-11-26")]
    ['2026-11-26T14:00:00Z', '2026-11-27T00:00:00Z']
    """
    if (day := _day(text, name)) is not None:
        at = day_start(day + _DAY, zone)
    elif _DURATION.fullmatch(text):
        try:
            at = now + timedelta(seconds=duration_s(text, name=name))
        except OverflowError as error:
            raise BadParameter(name, text, why="is too far ahead") from error
    else:
        at = _instant(text, name, "2026-01-16T18:00:00Z, 2026-01-16 or 2h")
    if at <= now:
        raise BadParameter(name, text, why="is in the past")
    return at


def first_instant_of(text: str, *, name: str, zone: ZoneInfo) -> datetime:
    """The beginning of a range: an instant, or the first of a date."""
    day = _day(text, name)
    return _instant(text, name, "2026-01-16T18:00:00Z or 2026-01-16") if day is None else day_start(day, zone)


def _day(text: str, name: str) -> date | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadParameter(name, text, why="is not a date; write it as 2026-01-16") from error
    if not _FIRST_YEAR <= day.year < _LAST_YEAR:
        raise BadParameter(name, text, why="is too far away")
    return day


def _instant(text: str, name: str, ways: str) -> datetime:
    try:
        return instant(text, name=name)
    except BadParameter as error:
        raise BadParameter(name, text, why=f"is not an instant; write it as {ways}") from error
