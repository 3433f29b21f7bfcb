"""When a young project will know what: each kind of verdict needs a length of history. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Stage:
    """A kind of verdict, and how long readings must have come before it can be reached; `why` in a few words."""

    what: str
    after: timedelta
    why: str

    def at(self, first: datetime) -> datetime:
        """The instant from which it is known, where the first reading was at `first` and readings go on."""
        return first + self.after


STAGES: Final[Sequence[Stage]] = (
    Stage("alerts", timedelta(minutes=15), "a line must be crossed for a while, so that noise opens nothing"),
    Stage("advice", 0.8 * timedelta(days=1), "one quiet hour does not make a machine idle"),
    Stage("anomalies", timedelta(days=2), "a usual range needs more than one day"),
    Stage("forecasts", timedelta(days=14), "a trend shorter than two weeks is mostly the weekend"),
)


def still_to_come(first: datetime, now: datetime) -> list[Stage]:
    """What is not known yet, the soonest first."""
    return [stage for stage in STAGES if stage.at(first) > now]


def announced(first: datetime, now: datetime, zone: ZoneInfo) -> str:
    """What is still to come and from when, in one line; empty where nothing is.

    >>> from datetime import UTC
    >>> start = datetime(2026, 1, 16, 9, tzinfo=UTC)
    >>> announced(start, start + timedelta(hours=1), ZoneInfo("UTC"))
    'advice from 04:12 tomorrow; anomalies from Sun 18 Jan 09:00; forecasts from Fri 30 Jan 09:00'
    """
    return "; ".join(f"{stage.what} from {_moment(stage.at(first), now, zone)}" for stage in still_to_come(first, now))


def _moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    local, days = at.astimezone(zone), (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return f"{local:%H:%M} today"
    return f"{local:%H:%M} tomorrow" if days == 1 else f"{local:%a %d %b %H:%M}"
