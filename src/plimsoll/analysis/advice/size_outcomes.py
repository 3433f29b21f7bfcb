"""What came of advice on size: how much smaller it became, and whether what was left was enough.

A size is a fact, not an estimate: the units that are paid for, before and after. Whether fewer of them were enough is
the question, and where the load moved too and no equals say how it would have gone, that stays unknown.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from plimsoll.analysis.advice.outcomes import FEWEST_PEERS, LEAST_AFTER_S, LOAD_MAY_MOVE, Outcome, State, ratio_at
from plimsoll.analysis.robust import Floats

FULL_PCT, MAY_BE_FULL = 99.0, 0.01
_DAY_S: Final = 86_400.0
_HALF_A_POINT: Final = 0.5


def shrunk_at(units: Floats, first: int, step_s: float) -> int | None:
    """The first row after `first` in which fewer units are there than ever in the day before it; None: none.

    >>> shrunk_at(np.array([8.0, 8.0, 8.0, 6.0, 6.0]), 1, 3600.0)
    3
    """
    day = max(1, round(_DAY_S / step_s))
    before = units[max(0, first - day) : first + 1]
    if not np.isfinite(before).any():
        return None
    fewer = np.flatnonzero(units[first + 1 :] < np.nanmin(before))
    return first + 1 + int(fewer[0]) if len(fewer) else None


def realized_size(
    units: Floats, busy: Floats | None, peers: Sequence[Floats], *, changed: int, step_s: float,
    promised: tuple[float, float], daily: bool = False,
) -> Outcome:  # fmt: skip
    """Rows of units, of their use in percent, of the use of equals -> percent fewer unit-hours, and if that was enough.

    `daily`: the size goes up and down each day, so only whole days say anything.
    """
    day = round(_DAY_S / step_s)
    least = _DAY_S if daily else LEAST_AFTER_S
    after_rows = len(units) - changed
    if after_rows * step_s < least:
        return Outcome(state="cannot tell", why=f"only {after_rows * step_s / 3600:.0f} h have passed since the change")
    after_rows -= after_rows % day if after_rows >= day else 0
    before, after = units[max(0, changed - day) : changed], units[changed : changed + after_rows]
    if not np.isfinite(before).any() or not np.isfinite(after).any() or float(np.nanmean(before)) <= 0:
        return Outcome(state="cannot tell", why="the number of units is not known")
    value = 100 * (1 - float(np.nanmean(after)) / float(np.nanmean(before)))
    state, why = _state(value, promised), ""
    if busy is not None and float(np.nanmax(after)) > 0:
        refused = _too_small(units, busy, peers, changed=changed, step_s=step_s)
        if refused is not None:
            state, why = refused
    if state == "cannot tell":
        return Outcome(state=state, why=why)
    equals = len(peers) if len(peers) >= FEWEST_PEERS else 0
    return Outcome(state=state, value=value, low=value, high=value, peers=equals, why=why)


def _too_small(
    units: Floats, busy: Floats, peers: Sequence[Floats], *, changed: int, step_s: float
) -> tuple[State, str] | None:
    """Why what was left was not enough, or why that stays unknown; None: it was enough."""
    day = round(_DAY_S / step_s)
    cause_rows = slice(max(0, changed - day), changed)
    moved = ratio_at(units * busy, cause_rows, changed, step_s)
    equals = [found for peer in peers if (found := ratio_at(peer, cause_rows, changed, step_s)) is not None]
    known = busy[changed:][np.isfinite(busy[changed:])]
    full = float(np.mean(known >= FULL_PCT)) if len(known) else 0.0
    grown = moved is not None and abs(moved - 1) > LOAD_MAY_MOVE
    if grown and moved is not None and len(equals) < FEWEST_PEERS:
        return "cannot tell", f"the load moved by {100 * (moved - 1):+.0f} % and there are no equals to compare with"
    if full <= MAY_BE_FULL:
        return None
    if grown and moved is not None and moved / float(np.median(equals)) <= 1 + LOAD_MAY_MOVE:
        return (
            "cannot tell",
            f"it was full {100 * full:.0f} % of the time, and so would its equals be: all have more to do",
        )
    return "fell short", f"what was left was full {100 * full:.0f} % of the time"


def _state(value: float, promised: tuple[float, float]) -> State:
    if value < promised[0] - _HALF_A_POINT:
        return "fell short"
    return "exceeded" if value > promised[1] + _HALF_A_POINT else "kept"
