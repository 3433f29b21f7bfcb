"""What came of advice: the change compared with similar resources that were not changed, at the same hours of the day.

realized = (after / before) / (the equals' after / before) - 1: a difference in differences of logarithms (Card and
Krueger, 1994). Where there are no equals, and the load moved too, nothing can be said, and that is the answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from plimsoll.analysis.advice.model import MetricOutcome
from plimsoll.analysis.robust import Floats, absent

State: TypeAlias = Literal["kept", "fell short", "exceeded", "cannot tell"]
FEWEST_PEERS: Final = 3
LOAD_MAY_MOVE: Final = 0.20
LEAST_AFTER_S: Final = 6 * 3600.0
_FEWEST_ROWS: Final = 12
_WINDOW: Final = 72
_NOISE: Final = 4.0
_LEAST_STEP: Final = 0.05
_Z80: Final = 1.2816
LOADS: Final = ("throughput_per_s", "running_count", "prompt_tokens_per_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was realized, in percent, with its 80 % interval; against what was promised."""

    state: State
    value: float | None = None
    low: float | None = None
    high: float | None = None
    peers: int = 0
    why: str = ""


def step_at(row: Floats, peers: Sequence[Floats], first: int) -> int | None:
    """The row at which a metric stepped for good after `first`, in relation to its equals; None if it did not.

    The split with the largest shift of the mean logarithm of six hours, if that is beyond noise and five percent.
    """
    level = np.log(np.where(row > 0, row, np.nan))
    if peers:
        level = level - absent(np.nanmedian, np.log(np.where(np.stack(peers) > 0, np.stack(peers), np.nan)), axis=0)
    best, where = 0.0, None
    for at in range(max(first, _FEWEST_ROWS), len(row) - _FEWEST_ROWS):
        before, after = level[max(0, at - _WINDOW) : at], level[at : at + _WINDOW]
        if min(np.count_nonzero(~np.isnan(before)), np.count_nonzero(~np.isnan(after))) < _FEWEST_ROWS:
            continue
        shift = abs(float(np.nanmean(after) - np.nanmean(before)))
        if shift > best:
            best, where = shift, at
    if where is None:
        return None
    rest = level[max(0, where - _WINDOW) : where]
    noise = 1.4826 * float(np.nanmedian(np.abs(rest - np.nanmedian(rest))))
    return where if best > max(_NOISE * noise / math.sqrt(_FEWEST_ROWS), math.log1p(_LEAST_STEP)) else None


def realized(
    row: Floats, peers: Sequence[Floats], load: Floats | None, *, cause_rows: slice, changed: int, step_s: float,
    measure: MetricOutcome, promised: tuple[float, float],
) -> Outcome:  # fmt: skip
    """Rows of one metric over before and after -> what the change brought.

    `cause_rows` are the rows before the change in which the cause was there; after it the same times of day are
    compared.
    `promised` is the interval that was promised, in percent.
    """
    after_rows = len(row) - changed
    if after_rows * step_s < LEAST_AFTER_S:
        return Outcome(state="cannot tell", why=f"only {after_rows * step_s / 3600:.0f} h have passed since the change")
    ratio = ratio_at(row, cause_rows, changed, step_s)
    if ratio is None:
        return Outcome(state="cannot tell", why="too few readings at the same times of day")
    known = [found for peer in peers if (found := ratio_at(peer, cause_rows, changed, step_s)) is not None]
    if len(known) < FEWEST_PEERS:
        moved = ratio_at(load, cause_rows, changed, step_s) if load is not None else None
        if moved is not None and abs(moved - 1) > LOAD_MAY_MOVE:
            text = f"the load moved by {100 * (moved - 1):+.0f} % and there are no equals to compare with"
            return Outcome(state="cannot tell", why=text)
        known = [1.0]
    logs = np.log(known)
    spread = float(np.std(logs, ddof=1)) if len(logs) > 1 else 0.1
    middle = math.log(ratio) - float(np.median(logs))
    apart = _Z80 * spread * math.sqrt(1 + 1 / len(logs))
    ends = [measure.sign * 100 * (math.exp(middle + sign * apart) - 1) for sign in (-1, 1)]
    value, (low, high) = measure.sign * 100 * (math.exp(middle) - 1), sorted(ends)
    peers_used = len(known) if len(known) >= FEWEST_PEERS else 0
    return Outcome(state=_state(low, high, promised), value=value, low=low, high=high, peers=peers_used)


def _state(low: float, high: float, promised: tuple[float, float]) -> State:
    """Kept where both intervals have something in common: neither is a point."""
    if high < promised[0]:
        return "fell short"
    return "exceeded" if low > promised[1] else "kept"


def ratio_at(row: Floats, cause_rows: slice, changed: int, step_s: float) -> float | None:
    """The mean after the change over the mean before, both at the times of day of `cause_rows`."""
    day = round(86_400 / step_s)
    befores: list[float] = []
    afters: list[float] = []
    for at in range(*cause_rows.indices(len(row))):
        later = row[at + day * -(-(changed - at) // day) :: day]
        known = later[~np.isnan(later) & (later > 0)]
        if len(known) and row[at] > 0:
            befores.append(float(row[at]))
            afters.append(float(known.mean()))
    return float(np.mean(afters) / np.mean(befores)) if len(befores) >= _FEWEST_ROWS else None
