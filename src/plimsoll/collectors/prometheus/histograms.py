"""Histograms: growth of every bucket first, summed over instances, then the quantile."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile; `beyond` where its rank lies above the last finite bound, which is then the value."""

    value: float
    beyond: bool = False


def quantile(growth: Mapping[float, float], q: float) -> Quantile | None:
    """By linear interpolation inside the bucket; None where nothing was counted.

    in: upper bound -> growth of the cumulative count (the last bound is infinite)

    >>> quantile({1.0: 50.0, 2.0: 100.0, math.inf: 100.0}, 0.75)
    Quantile(value=1.5, beyond=False)
    >>> quantile({60.0: 10.0, math.inf: 100.0}, 0.5)
    Quantile(value=60.0, beyond=True)
    """
    bounds = sorted(growth)
    if not bounds:
        return None
    counts: list[float] = []
    highest = 0.0
    for bound in bounds:
        highest = max(highest, growth[bound])  # buckets of one scrape can be a little out of step
        counts.append(highest)
    total = counts[-1]
    if total <= 0:
        return None
    rank, below, floor = q * total, 0.0, 0.0
    for bound, count in zip(bounds, counts, strict=True):
        if count >= rank:
            if math.isinf(bound):
                return Quantile(floor, beyond=True)
            inside = count - below
            return Quantile(floor + (bound - floor) * ((rank - below) / inside if inside else 0.0))
        below, floor = count, bound
    return None
