"""80 % bands by split conformal prediction, pooled over the fleet.

A series' own errors inside its history say how wide its band is; how the errors spread around that width, day by day
ahead, is learned from all series together: three origins of one series are too few (73 % instead of 80 % covered).

Source: H. Papadopoulos et al. 2002 (split conformal); research: analysis quality, section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.forecasts.contract import steps_from
from plimsoll.analysis.robust import Floats, absent

LOW, HIGH = 0.1, 0.9
FALLBACK_LOW = np.linspace(-0.88, -1.71, 7)
FALLBACK_HIGH = np.linspace(1.33, 1.42, 7)
FALLBACK_WEIGHT = 6.0


@dataclass(frozen=True, slots=True)
class Past:
    """One origin inside the history: what was forecast and what happened, series x steps."""

    forecast: Floats
    actual: Floats


@dataclass(frozen=True, slots=True)
class Band:
    """Low and high edge, series x steps; the share of past steps that such a band covered, by series; the past bands.

    Each past band is made from the other origins: it does not know the outcome that it is tested on.
    """

    low: Floats
    high: Floats
    coverage: Floats
    past: tuple[tuple[Floats, Floats], ...]


def band(path: Floats, past: Sequence[Past], *, steps_a_day: int, sloping: NDArray[np.bool_] | None = None) -> Band:
    """The 80 % band around a path. A series without past errors gets no band: NaN.

    Beyond the longest past forecast the band widens with the square root of the days ahead; where the path is `sloping`
    it widens in proportion to them, since an error of the slope adds up.
    """
    errors = [one.actual - one.forecast for one in past]
    own = _scales(errors)
    days = -(-path.shape[1] // steps_a_day)
    low, high = _quantiles(errors, own, steps_a_day, days)
    scale = absent(np.nanmean, np.stack(own), axis=0) if own else np.full(len(path), np.nan)
    known = _known_days(errors, len(path), steps_a_day)[:, None]
    day = steps_from(0, path.shape[1])[None, :] // steps_a_day
    power = 0.5 if sloping is None else np.where(sloping, 1.0, 0.5)[:, None]
    width = scale[:, None] * np.maximum((day + 1) / known, 1.0) ** power
    tested = np.minimum(day, known - 1)
    edges = _past_edges(errors, own, steps_a_day)
    return Band(
        path + width * low[np.minimum(tested, days - 1)],
        path + width * high[np.minimum(tested, days - 1)],
        _hit_rates(errors, edges),
        tuple((one.forecast + below, one.forecast + above) for one, (below, above) in zip(past, edges, strict=True)),
    )


def _known_days(errors: Sequence[Floats], series: int, steps_a_day: int) -> NDArray[np.int64]:
    """How many days ahead each series has been tested; at least the week of the fallback."""
    known = np.full(series, len(FALLBACK_LOW), dtype=np.int64)
    for error in errors:
        last = np.where(np.isnan(error), 0, steps_from(1, error.shape[1] + 1)).max(axis=1) // steps_a_day
        known = np.maximum(known, last)
    return known


def _scales(errors: Sequence[Floats]) -> list[Floats]:
    """Mean |error| of each series at each origin, over as many steps as the shortest origin has."""
    if not errors:
        return []
    shared = min(error.shape[1] for error in errors)
    return [absent(np.nanmean, np.abs(error[:, :shared]), axis=1) for error in errors]


def _others(own: Sequence[Floats], origin: int) -> Floats:
    """The scale that the other origins give: a band must not know the error that it is tested on."""
    rest = [scale for index, scale in enumerate(own) if index != origin]
    return absent(np.nanmean, np.stack(rest), axis=0) if rest else own[origin]


def _relative(errors: Sequence[Floats], own: Sequence[Floats], leave_out: int = -1) -> list[Floats]:
    relative: list[Floats] = []
    for index, error in enumerate(errors):
        scale = _others(own, index)
        if index != leave_out:
            relative.append(error / np.where(scale > 0, scale, np.nan)[:, None])
    return relative


def _quantiles(
    errors: Sequence[Floats], own: Sequence[Floats], steps_a_day: int, days: int, leave_out: int = -1
) -> tuple[Floats, Floats]:
    """Pooled quantiles of the relative errors for each day ahead; a small pool leans on the research's figures."""
    relative = _relative(errors, own, leave_out)
    low, high = np.empty(days), np.empty(days)
    known = 0
    for day in range(days):
        pool = [r[:, day * steps_a_day : (day + 1) * steps_a_day] for r in relative if r.shape[1] > day * steps_a_day]
        rows = sum(int((~np.isnan(part)).any(axis=1).sum()) for part in pool)
        if rows == 0:
            break
        values = np.concatenate([part[~np.isnan(part)] for part in pool])
        share = rows / (rows + FALLBACK_WEIGHT)
        q = np.quantile(values, (LOW, HIGH))
        low[day] = share * q[0] + (1 - share) * FALLBACK_LOW[min(day, 6)]
        high[day] = share * q[1] + (1 - share) * FALLBACK_HIGH[min(day, 6)]
        known = day + 1
    if known == 0:
        low[:7], high[:7], known = FALLBACK_LOW[:days], FALLBACK_HIGH[:days], min(7, days)
    low[known:], high[known:] = low[known - 1], high[known - 1]
    return np.minimum(low, 0.0), np.maximum(high, 0.0)


def _past_edges(errors: Sequence[Floats], own: Sequence[Floats], steps_a_day: int) -> list[tuple[Floats, Floats]]:
    """The band around each past forecast, relative to it, as the other origins give it."""
    edges: list[tuple[Floats, Floats]] = []
    for index, error in enumerate(errors):
        low, high = _quantiles(errors, own, steps_a_day, error.shape[1] // steps_a_day, leave_out=index)
        scale = _others(own, index)[:, None]
        day = steps_from(0, error.shape[1]) // steps_a_day
        edges.append((scale * low[day], scale * high[day]))
    return edges


def _hit_rates(errors: Sequence[Floats], edges: Sequence[tuple[Floats, Floats]]) -> Floats:
    """The share of each series' past steps inside its bands; NaN with fewer than two origins."""
    if len(errors) < 2:
        return np.full(len(errors[0]) if errors else 0, np.nan)
    inside = [
        np.where(np.isnan(error), np.nan, (error >= low) & (error <= high))
        for error, (low, high) in zip(errors, edges, strict=True)
    ]
    return absent(np.nanmean, np.concatenate(inside, axis=1), axis=1)
