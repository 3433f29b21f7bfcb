"""What may be said about the time ahead when nothing is seen to cross: only of what could be forecast at all."""

from collections.abc import Sequence

from plimsoll.documents.capacity import Pool, ResourceRoom
from plimsoll.publish import formatting

_FORECAST = frozenset({"over now", "crosses", "not within the horizon", "falling"})


def counted(rows: Sequence[Pool] | Sequence[ResourceRoom]) -> tuple[int, int]:
    """(how many of the measured rows have a forecast, how many have none)."""
    measured = [row for row in rows if row.now is not None]
    forecast = sum(row.state in _FORECAST for row in measured)
    return forecast, len(measured) - forecast


def none_reaches(rows: Sequence[Pool] | Sequence[ResourceRoom], noun: str, line: str, horizon_days: int) -> str:
    """One sentence for a time ahead in which no forecast reaches its line.

    >>> none_reaches([], "pool", "its load line", 60)
    'Too little history to forecast any pool yet.'
    """
    forecast, blind = counted(rows)
    if not forecast:
        return f"Too little history to forecast any {noun} yet."
    within = f"in the next {horizon_days} days"
    if not blind:
        return f"No {noun} reaches {line} {within}."
    none_reaches = f"None of the {formatting.plural(forecast, noun)} with a forecast reaches {line} {within}"
    return f"{none_reaches}; {blind} cannot be forecast yet."
