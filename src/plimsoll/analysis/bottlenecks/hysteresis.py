"""A finding opens at its limit and clears only 5 % inside it: noise around a limit must not change the advice each day.

The state is the history itself: what the same rule found on the seven days before, from the same readings. So the same
lake gives the same document, independent of earlier runs.
"""

from collections.abc import Callable
from typing import Final

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

TOLERANCE: Final = 0.05
"""How far inside its limit a finding clears, as a share of the limit."""
DAYS: Final = 7


def with_hysteresis(
    window: ResourceWindow, find: Callable[[ResourceWindow, float], Bottleneck | None], tolerance: float = TOLERANCE
) -> Bottleneck | None:
    """What `find(window, tolerance)` finds at its limit, or within the tolerance if it was there in the last days."""
    found = find(window, 0.0)
    if found is not None or not tolerance:
        return found
    eased = find(window, tolerance)
    if eased is None or not any(find(window.earlier(days), 0.0) for days in range(1, DAYS + 1)):
        return None
    return eased
