"""Causal conformal p-values: how often did this series do at least this before?

p = (1 + number of earlier residuals at least as large) / (N + 1), on the whole history so far (V. Vovk et al. 2005;
R. Laxhammar, G. Falkman 2010). Beyond the largest one seen, the exponential tail of the top 2 % goes on for at most two
decades (peaks over threshold with shape 0). Surprise L = -log10 p: 3 is "once in a thousand readings".
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.robust import Floats

_TAIL_SHARE: Final = 0.02
_TAIL_DECADES: Final = 2.0
_TAIL_AT_LEAST: Final = 10
_FEWEST: Final = 2
_SORTED_FOR: Final = 20
"""Refreshes for which one sorted history serves."""


def surprise(residuals: Floats, *, refresh: int, two_sided: bool = False, start: int = 0) -> Floats:
    """Residuals [series, rows] -> L of each row from `start` on, by the rows before it; NaN where there are none.

    The history is renewed every `refresh` rows. By default the size counts; `two_sided` takes the value itself, and
    both of its ends.
    """
    out = np.full(residuals.shape, np.nan)
    signed = (residuals, -residuals) if two_sided else (np.abs(residuals),)
    refresh = max(1, refresh)
    for begin in range(max(start, 1), residuals.shape[1], _SORTED_FOR * refresh):
        rows = slice(begin, min(residuals.shape[1], begin + _SORTED_FOR * refresh))
        ends = [_tail(side[:, : rows.stop], begin, refresh) for side in signed]
        out[:, rows] = np.maximum(np.maximum(*ends) - np.log10(2), 0.0) if two_sided else ends[0]
    return out


def _tail(values: Floats, begin: int, refresh: int) -> Floats:
    """-log10 of the upper-tail p of the rows from `begin` on, each by the rows before its own `refresh` rows.

    The rows before `begin` are sorted once; those since then, which are few, are counted one by one.
    """
    history, now = np.sort(values[:, :begin], axis=1), values[:, begin:]
    known = np.count_nonzero(~np.isnan(history), axis=1)
    below = _below(history, known, now)
    highest = np.where(known > 0, np.take_along_axis(history, np.maximum(known - 1, 0)[:, None], 1)[:, 0], -np.inf)
    out = np.full(now.shape, np.nan)
    for first in range(0, now.shape[1], refresh):
        part, since = now[:, first : first + refresh], now[:, :first]
        smaller = below[:, first : first + refresh] + (since[:, None, :] < part[:, :, None]).sum(axis=2)
        out[:, first : first + refresh] = -np.log10((1.0 + known[:, None] - smaller) / (known[:, None] + 1.0))
        beyond = part > highest[:, None]
        some = np.flatnonzero(beyond.any(axis=1) & (known >= _FEWEST))
        if len(some):
            further = _further(values[some, : begin + first], known[some], part[some], highest[some])
            out[some, first : first + refresh] += np.where(beyond[some], further, 0.0)
        out[:, first : first + refresh][np.isnan(part) | (known < _FEWEST)[:, None]] = np.nan
        known = known + np.count_nonzero(~np.isnan(part), axis=1)
        highest = np.fmax(highest, np.fmax.reduce(part, axis=1))
    return out


def _further(history: Floats, known: NDArray[np.intp], now: Floats, highest: Floats) -> Floats:
    """Decades beyond the largest value of each row's history, by the exponential tail of its largest values."""
    excess = _excess(np.sort(history, axis=1), known)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        decades = (now - highest[:, None]) / (excess * np.log(10))
    return np.where(excess > 0, np.minimum(decades, _TAIL_DECADES), _TAIL_DECADES)


def _below(history: Floats, known: NDArray[np.intp], now: Floats) -> NDArray[np.intp]:
    """How many of the known values of its row are smaller than each value; history is sorted, its gaps last."""
    pairs = zip(history, known.tolist(), now, strict=True)
    below: list[NDArray[np.intp]] = [np.searchsorted(past[:count], values) for past, count, values in pairs]
    return np.stack(below)


def _excess(history: Floats, known: NDArray[np.intp]) -> Floats:
    """The mean of the largest values of each row less the smallest of them."""
    count = np.minimum(np.maximum(_TAIL_AT_LEAST, np.round(_TAIL_SHARE * known).astype(np.intp)), known)
    first = known - count
    place = first[:, None] + np.arange(int(count.max()))
    top = np.take_along_axis(history, np.minimum(place, history.shape[1] - 1), 1)
    least = np.take_along_axis(history, first[:, None], 1)
    inside: NDArray[np.bool_] = np.arange(top.shape[1], dtype=np.intp) < count[:, None]
    total: Floats = np.where(inside, top - least, 0.0).sum(axis=1) / count
    return total
