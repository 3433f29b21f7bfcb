"""Causal conformal p-values: how often did this series do at least this before?

p = (1 + number of earlier residuals at least as large) / (N + 1), on the whole history so far (V. Vovk et al. 2005;
R. Laxhammar, G. Falkman 2010). Beyond the largest one seen, the exponential tail of the top 2 % goes on for at most two
decades (peaks over threshold with shape 0). Surprise L = -log10 p: 3 is "once in a thousand readings".
"""

import numpy as np

from plimsoll.analysis.robust import Floats

_TAIL_SHARE = 0.02
_TAIL_DECADES = 2.0
_TAIL_AT_LEAST = 10


def surprise(residuals: Floats, *, refresh: int, two_sided: bool = False, start: int = 0) -> Floats:
    """Residuals [series, rows] -> L of each row from `start` on, by the rows before it; NaN where there are none.

    The history is renewed every `refresh` rows. By default the size counts; `two_sided` takes the value itself, and
    both of its ends.
    """
    out = np.full(residuals.shape, np.nan)
    signed = (residuals, -residuals) if two_sided else (np.abs(residuals),)
    for begin in range(max(start, 1), residuals.shape[1], max(1, refresh)):
        rows = slice(begin, min(residuals.shape[1], begin + refresh))
        ends = [_tail(np.sort(side[:, :begin], axis=1), side[:, rows]) for side in signed]
        out[:, rows] = np.maximum(np.maximum(*ends) - np.log10(2), 0.0) if two_sided else ends[0]
    return out


def _tail(history: Floats, now: Floats) -> Floats:
    """-log10 of the upper-tail p of each value, by its own row of the sorted history (gaps last)."""
    known = np.count_nonzero(~np.isnan(history), axis=1)
    out = np.full(now.shape, np.nan)
    for n in np.flatnonzero(known >= 2):
        out[n] = _tail_of(history[n, : known[n]], now[n])
    return out


def _tail_of(history: Floats, now: Floats) -> Floats:
    size = history.size
    at_least = size - np.searchsorted(history, now, side="left")
    found: Floats = -np.log10((1.0 + at_least) / (size + 1.0))
    highest = history[-1]
    beyond = now > highest
    if beyond.any():
        top = history[-max(_TAIL_AT_LEAST, round(_TAIL_SHARE * size)) :]
        excess = float((top - top[0]).mean())
        further = (now[beyond] - highest) / (excess * np.log(10)) if excess > 0 else np.inf
        found[beyond] += np.minimum(further, _TAIL_DECADES)
    found[np.isnan(now)] = np.nan
    return found
