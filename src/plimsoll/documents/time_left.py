"""How long until something is used up: the same member wherever a document speaks of it."""

from typing import Final, Literal

from plimsoll.documents.base import Document

_HOURS_BELOW: Final = 72.0
_DAY_H: Final = 24.0


class Left(Document, frozen=True, kw_only=True):
    """Hours that are left: the middle, and the edges of an 80 % band; a `high` of null: it may not come at all."""

    hours: float
    low: float
    high: float | None


class TimeLeft(Document, frozen=True, kw_only=True):
    """What the one forecast of a climb says: computed once, and rendered by every section.

    `now` is the last reading in percent. `until_full` is counted to `full_pct`, `until_line` to the load line.
    """

    now: float
    points_per_hour: float
    hours_of_climb: float
    full_pct: float
    until_full: Left
    line: float | None = None
    until_line: Left | None = None
    method: Literal["pace of the climb since its onset"] = "pace of the climb since its onset"


def rounded(hours: float) -> float:
    """Hours as documents have them: to the tenth, since sentences are made from the same number."""
    return round(hours, 1)


def words(hours: float) -> str:
    """A time that is left, as every sentence writes it.

    >>> words(0.4), words(12.3), words(71.6), words(139.2), words(96.0)
    ('less than 1 h', '12 h', '72 h', '5.8 days', '4 days')
    """
    if hours < 1:
        return "less than 1 h"
    if hours < _HOURS_BELOW:
        return f"{hours:.0f} h"
    return f"{hours / _DAY_H:.1f}".removesuffix(".0") + " days"


def days_words(days: int, early: int | None, late: int | None, *, horizon: int) -> str:
    """The same of a forecast that is made by days.

    >>> days_words(2, 1, None, horizon=60)
    '2 days (1 – > 60)'
    """
    return f"{days} day{'s' if days != 1 else ''} ({early} – {f'> {horizon}' if late is None else late})"


def band_words(left: Left) -> str:
    """The time and its band, as tables write it.

    >>> band_words(Left(hours=12.3, low=10.1, high=15.0)), band_words(Left(hours=30.0, low=20.0, high=None))
    ('12 h (10 h – 15 h)', '30 h (20 h – open)')
    """
    return f"{words(left.hours)} ({words(left.low)} – {'open' if left.high is None else words(left.high)})"
