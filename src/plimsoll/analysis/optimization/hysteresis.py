"""A finding comes at its limit and goes only well within it: noise around a limit must not change the advice each day.

The state is the history itself: what the same rule said of the seven days before, from the same readings. So the same
lake gives the same document, whoever asked yesterday, and nobody has to remember anything.
"""

from collections.abc import Callable
from typing import Final

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found

EASIER: Final = 0.05
"""How much nearer to good the limit is at which a finding goes, as a share of the limit."""
DAYS: Final = 7


def stays(case: Case, look: Callable[[Case, float], Found | None]) -> Found | None:
    """What `look(case, easier)` finds at its own limit, or at the easier one if it found it on one of the last days."""
    found = look(case, 0.0)
    if found is not None:
        return found
    eased = look(case, EASIER)
    if eased is None or not any(look(case.earlier(days), 0.0) for days in range(1, DAYS + 1)):
        return None
    return eased
