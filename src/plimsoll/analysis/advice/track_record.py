"""An adviser's own record widens what it promises: half of its promises kept is an interval too narrow by about two."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from plimsoll.analysis.advice.model import Advice, Estimate

ENOUGH_KNOWN: Final = 5
SHOULD_HOLD: Final = 0.85


def widen_by_track_record(one: Advice, hits: Mapping[str, tuple[int, int]]) -> Advice:
    """The same with its estimate as wide as the record of its adviser makes it."""
    wide = None if one.estimate is None else widened(one.estimate, *hits.get(one.adviser, (0, 0)))
    if wide is None or wide is one.estimate:
        return one
    said = f"{one.improvement}; by its record {wide.low:.0f} to {wide.high:.0f} {wide.unit}"
    return replace(one, estimate=wide, improvement=said)


def widened(estimate: Estimate, kept: int, known: int) -> Estimate:
    """Both sides longer by 85 % over the share that was kept (by Laplace's rule of succession); below five, as it is.

    A low end at or above zero stays there: advice that was short of its promise did no harm by that.

    >>> fifty = Estimate(low=40.0, middle=50.0, high=70.0, unit="%", formula="f")
    >>> round(widened(fifty, 3, 6).low, 1), round(widened(fifty, 3, 6).high, 1)
    (33.0, 84.0)
    >>> widened(fifty, 3, 4) == widened(fifty, 6, 6) == fifty
    True
    """
    factor = SHOULD_HOLD * (known + 2) / (kept + 1)
    if known < ENOUGH_KNOWN or factor <= 1:
        return estimate
    low, high = (estimate.middle + factor * (end - estimate.middle) for end in (estimate.low, estimate.high))
    return replace(
        estimate,
        low=max(low, 0.0) if estimate.low >= 0 else low,
        high=high,
        formula=f"{estimate.formula}; {factor:.2g} times as wide, for {kept} of {known} promises were kept",
    )
