"""Order statistics of many series at once: medians, weighted medians and Theil-Sen slopes that know gaps (NaN)."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
MAD_TO_SIGMA = 1.4826


def median(values: Floats) -> Floats:
    """Median over the last axis without its gaps; NaN where there is nothing but gaps.

    >>> median(np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]]))
    array([ 2., nan])
    """
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan)
    ordered = np.sort(values, axis=-1)
    count = np.count_nonzero(~np.isnan(values), axis=-1)[..., None]
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), -1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), -1)
    return np.where(count > 0, low + 0.5 * (high - low), np.nan)[..., 0]


def pieces(values: Floats, size: int) -> Floats:
    """[..., steps] -> [..., steps // size, size], such as days of hours; also where there is no series, or no step.

    >>> pieces(np.empty((0, 48)), 24).shape, pieces(np.empty((3, 0)), 24).shape
    ((0, 2, 24), (3, 0, 24))
    """
    return values.reshape(*values.shape[:-1], values.shape[-1] // size, size)


def weighted_median(values: Floats, weights: Floats) -> Floats:
    """Weighted median over the last axis, linear between the centers of the weights; gaps weigh nothing.

    >>> weighted_median(np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 1.0]))
    array(2.)
    """
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, -1)
    heavy = np.take_along_axis(np.broadcast_to(weights, values.shape), order, -1)
    heavy = np.where(np.isnan(ordered), 0.0, heavy)
    total = np.cumsum(heavy, axis=-1)
    center = total - 0.5 * heavy
    half = 0.5 * total[..., -1:]
    # the first value whose center is not before the middle, and the one before it
    right = np.argmax((center >= half) & (heavy > 0), axis=-1)[..., None]
    left = np.maximum(right - 1, 0)
    x0, x1 = np.take_along_axis(center, left, -1), np.take_along_axis(center, right, -1)
    y0, y1 = np.take_along_axis(ordered, left, -1), np.take_along_axis(ordered, right, -1)
    span = x1 - x0
    share = np.where(span > 0, np.clip((half - x0) / np.where(span > 0, span, 1.0), 0.0, 1.0), 1.0)
    middle = y0 + (y1 - y0) * share
    return np.where(half > 0, middle, np.nan)[..., 0]


def theil_sen(values: Floats) -> Floats:
    """Median of the slopes of all pairs of points of each row, per step; NaN with fewer than two points.

    >>> theil_sen(np.array([[1.0, 3.0, 5.0, 100.0, 9.0]]))
    array([2.])
    """
    i, j = np.triu_indices(values.shape[-1], 1)
    return median((values[..., j] - values[..., i]) / (j - i))


def absent(statistic: Callable[..., Floats], values: Floats, axis: int | tuple[int, ...] = -1) -> Floats:
    """A NaN-aware statistic whose answer for nothing but gaps is NaN, without a warning: unknown is an answer here.

    >>> absent(np.nanmean, np.array([[np.nan, np.nan], [1.0, np.nan]]))
    array([nan,  1.])
    """
    if values.size == 0:  # some statistics have no answer for nothing at all: nothing but gaps is the same
        along = {axis % values.ndim} if isinstance(axis, int) else {one % values.ndim for one in axis}
        values = np.full([max(1, n) if at in along else n for at, n in enumerate(values.shape)], np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        return np.asarray(statistic(values, axis=axis), dtype=np.float64)


def quantiles(values: Floats, shares: Sequence[float]) -> Floats:
    """[shares, ...]: quantiles over the last axis, linear between neighbors (type 7); NaN for nothing but gaps.

    >>> quantiles(np.array([[1.0, np.nan, 3.0]]), (0.5, 1.0)).tolist(), quantiles(np.empty((0, 5)), (0.5, 1.0)).shape
    ([[2.0], [3.0]], (2, 0))
    """
    if values.size == 0:  # numpy would forget the shares
        return np.full((len(shares), *values.shape[:-1]), np.nan)
    return absent(partial(np.nanquantile, q=list(shares)), values)
