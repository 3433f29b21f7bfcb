"""The window of a question: an exact one, which a report names, or the range before the instant, aligned to points."""

from datetime import datetime
from typing import Protocol

from plimsoll.clock import Window, duration_s


class Ranged(Protocol):
    """A question about a range of time; `start` is where an exact window begins."""

    @property
    def time_range(self) -> str:
        """Such as 24h or 7d."""
        ...

    @property
    def start(self) -> datetime | None:
        """Where an exact window begins."""
        ...


def window_of(query: Ranged, as_of: datetime, granularity_s: int) -> Window:
    """From the query's start to the instant, or else its range before the instant, aligned outwards."""
    if query.start is not None:
        return Window(query.start, as_of, granularity_s)
    return Window.back_from(as_of, range_s=duration_s(query.time_range), granularity_s=granularity_s)
