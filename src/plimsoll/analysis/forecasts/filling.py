"""What only fills up, and what is emptied now and then: disks, logs, checkpoints, backups.

A filling series is a row of teeth: straight rises cut by clean-ups. The path goes on rising at the usual rate from
where it is, and is cut where the next clean-up is due. When a clean-up is long overdue, none is expected any more: that
is how a disk really runs full. A rise that began lately counts from where it began: what was before says nothing of it.
Peaks that grow from tooth to tooth carry on growing; peaks that do not, do not.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.forecasts.contract import Forecaster
from plimsoll.analysis.robust import Floats, theil_sen

CLEAN_UP_SHARE = 0.25
CLEAN_UP_DAYS = 1 / 8
STRAIGHTNESS = 0.85
OVERDUE = 1.5
LATE_SHARE = 0.1
BEND_SHARE = 0.25
SHORTEST_RISE_STEPS = 8
SHORTEST_TOOTH_DAYS = 1.5
TEETH_FOR_A_DRIFT = 4


@dataclass(frozen=True, slots=True)
class SawtoothCycles:
    """One series as teeth: where each starts, its rise per step, its first and last fitted value.

    `straightness` is the share of the variance that the lines explain, adjusted for their number. `broken`: the last
    tooth is two lines, of which the later one counts.
    """

    starts: list[int]
    slopes: list[float]
    firsts: list[float]
    lasts: list[float]
    straightness: float
    broken: bool = False


def applies(history: Floats, steps_a_day: int = 24) -> NDArray[np.bool_]:
    """Whether the series rises in straight lines, cut by clean-ups, that explain most of what it does."""
    return np.array([_is_filling(teeth(row, steps_a_day)) for row in history], dtype=np.bool_)


def path(history: Floats, steps: int, steps_a_day: int = 24) -> Floats:
    """Rise, cut, rise: see the module. A series without any value stays unknown.

    >>> path(np.arange(24.0 * 7)[None, :], 2)
    array([[168., 169.]])
    """
    return np.stack([_continued(teeth(row, steps_a_day), len(row), steps) for row in history])


def teeth(row: Floats, steps_a_day: int) -> SawtoothCycles:
    """Cuts one series at its clean-ups and fits a line to each tooth."""
    known = np.flatnonzero(~np.isnan(row))
    if len(known) < 2:
        return SawtoothCycles([], [], [], [], 0.0)
    filled = np.interp(np.arange(len(row)), known, row[known])
    starts = [0, *_clean_ups(filled, steps_a_day)]
    pieces = [filled[start:end] for start, end in pairwise([*starts, len(row)])]
    since = bend(pieces[-1], steps_a_day)
    before, pieces[-1] = pieces[-1][:since], pieces[-1][since:]
    lines = [_line(piece) for piece in pieces]
    rest = sum(line[2] for line in lines) + _line(before)[2]
    total = float(((filled - filled.mean()) ** 2).sum())
    free = len(row) - 2 * (len(starts) + (since > 0))  # each line costs two: teeth of two or three points prove nothing
    straightness = 1 - rest / free / (total / (len(row) - 1)) if total > 0 and free > 0 else 0.0
    slopes, firsts = [line[0] for line in lines], [line[1] for line in lines]
    lasts = [line[1] + line[0] * (len(piece) - 1) for line, piece in zip(lines, pieces, strict=True)]
    return SawtoothCycles(starts, slopes, firsts, lasts, straightness, since > 0)


def _clean_ups(filled: Floats, steps_a_day: int) -> list[int]:
    """Where a tooth begins: after a fall of a quarter of the range within three hours (a day of daily values)."""
    low, high = np.quantile(filled, (0.02, 0.98))
    fall = CLEAN_UP_SHARE * (high - low)
    if fall <= 0:
        return []
    within = max(1, round(CLEAN_UP_DAYS * steps_a_day))
    drop = filled[within:] - filled[:-within]
    starts: list[int] = []
    for column in np.flatnonzero(drop < -fall).tolist():
        bottom = column + within
        if starts and bottom - starts[-1] <= SHORTEST_TOOTH_DAYS * steps_a_day:
            starts[-1] = bottom if filled[bottom] < filled[starts[-1]] else starts[-1]
        else:
            starts.append(bottom)
    return [start for start in starts if start < len(filled) - 1]


def _line(tooth: Floats) -> tuple[float, float, float]:
    """Slope and first value by least squares, and the squares that it leaves."""
    n = len(tooth)
    if n < 2:
        return 0.0, float(tooth[0]) if n else 0.0, 0.0
    t = np.arange(n) - (n - 1) / 2
    slope = float(t @ tooth) / float(t @ t)
    rest = tooth - tooth.mean() - slope * t
    return slope, float(tooth.mean()) - slope * (n - 1) / 2, float(rest @ rest)


def bend(tooth: Floats, steps_a_day: int) -> int:
    """Where in a tooth a straight rise began that the tooth as a whole hides; 0: nowhere.

    Two lines must leave a quarter of the squares that one leaves, and the later one must be straight in itself.
    """
    n, least = len(tooth), max(SHORTEST_RISE_STEPS, round(SHORTEST_TOOTH_DAYS * steps_a_day))
    if n < 2 * least:
        return 0
    places = np.arange(least, n - least + 1, max(1, steps_a_day // 4), dtype=np.int64)
    rests = rest_of_two_lines(tooth - tooth.mean(), places)
    if rests.min() > BEND_SHARE * _line(tooth)[2]:
        return 0
    since = int(places[int(rests.argmin())])
    later = tooth[since:]
    slope, _, rest = _line(later)
    straight = rest <= (1 - STRAIGHTNESS) * float(((later - later.mean()) ** 2).sum())
    return since if slope > 0 and straight else 0


def rest_of_two_lines(tooth: Floats, places: NDArray[np.int64]) -> Floats:
    """The squares that two lines leave which meet at each place: sums up to there and after, without a loop."""
    t = np.arange(len(tooth), dtype=np.float64)
    sums = np.cumsum(np.stack([np.ones_like(t), t, t * t, tooth, t * tooth, tooth * tooth]), axis=1)
    before = sums[:, places - 1]
    return _rest(before) + _rest(sums[:, -1:] - before)


def _rest(sums: Floats) -> Floats:
    """Squares left by a least-squares line, from its sums of 1, t, tt, y, ty, yy."""
    one, t, tt, y, ty, yy = sums
    spread = tt - t * t / one
    return np.asarray(yy - y * y / one - (ty - t * y / one) ** 2 / spread, dtype=np.float64)


def _is_filling(found: SawtoothCycles) -> bool:
    """Clean-ups or a rise that began lately, in straight lines, each rising; else it is some other series."""
    if found.straightness < STRAIGHTNESS or not (found.broken or len(found.starts) > 1):
        return False
    return min(found.slopes[1:] or found.slopes) > 0


def _continued(found: SawtoothCycles, length: int, steps: int) -> Floats:
    if not found.starts:
        return np.full(steps, np.nan)
    ahead = np.arange(1, steps + 1, dtype=np.float64)
    usual = found.slopes[-1:] if found.broken else found.slopes[1:]  # the first tooth may have been cut into
    slope = float(np.median(usual or found.slopes))
    rising = found.lasts[-1] + slope * ahead
    period, due = _rhythm(found, length, slope)
    if due is None:
        return rising
    tooth = np.floor((ahead - due) / period) + 1  # 0: before the next clean-up
    trough = float(np.median(found.firsts[1:])) if _drift(found) == 0 else found.firsts[-1]
    later = trough + _drift(found) * tooth + slope * ((ahead - due) % period)
    return np.where(tooth <= 0, rising, later)


def _rhythm(found: SawtoothCycles, length: int, slope: float) -> tuple[float, float | None]:
    """Steps between two clean-ups, and until the next; None: none is expected.

    One clean-up makes no rhythm: the next is expected at the level at which that one came, until that level has passed.
    """
    if len(found.starts) < 2 or slope <= 0:
        return 1.0, None
    if len(found.starts) == 2:
        height = found.lasts[0] - found.firsts[1]
        left = found.lasts[0] - found.lasts[1]
        return max(height / slope, 1.0), max(left / slope, 1.0) if left > -LATE_SHARE * height else None
    period = float(np.median(np.diff(found.starts[1:])))
    since = length - found.starts[-1]
    return period, max(period - since, 1.0) if since <= OVERDUE * period else None


def _drift(found: SawtoothCycles) -> float:
    """How much the peaks grow from tooth to tooth: 0 unless each of the last four stands above the one before."""
    peaks = np.array(found.lasts[:-1])
    if len(peaks) < TEETH_FOR_A_DRIFT or not (np.diff(peaks[-TEETH_FOR_A_DRIFT:]) > 0).all():
        return 0.0
    return float(theil_sen(peaks[None, :])[0])


FORECASTER = Forecaster(
    "filling",
    "rises at the usual rate, emptied when a clean-up is due",
    minimum_days=7,
    path=path,
    applies=applies,
    may_lose=1.0,
)
