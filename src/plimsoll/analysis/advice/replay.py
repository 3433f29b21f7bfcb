"""A change of size, replayed against the raw history: when it would have been too small, for how long, how badly."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.robust import Floats

FULL_PCT = 100.0
Priority: TypeAlias = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What history says of a change.

    `share` (0 to 1) is the risk: the part of the steps that were read in which it would have been beyond its limit; in
    `breaches` stretches, the longest of `longest_h` hours. `worst_pct` is the use at the worst moment, which was
    `worst_back_s` seconds before the end.
    """

    days: float
    share: float
    breaches: int
    longest_h: float
    worst_pct: float
    worst_back_s: float

    @property
    def words(self) -> str:
        """One sentence.

        >>> Replay(days=14, share=0.0, breaches=0, longest_h=0.0, worst_pct=82.0, worst_back_s=0).words
        'Replayed on 14 days: never full, 82 % used at the worst moment.'
        """
        broken = (
            f"{100 * self.share:.2g} % of the time full ({self.breaches} times, {self.longest_h:.1f} h at the longest)"
            if self.breaches
            else "never full"
        )
        return f"Replayed on {self.days:.0f} days: {broken}, {self.worst_pct:.0f} % used at the worst moment."

    def lowered(self, priority: Priority) -> Priority:
        """The priority of advice that history supports; low where it would have broken its target once."""
        return "low" if self.breaches else priority


def replayed(use_pct: Floats, step_s: float, *, limit_pct: float = FULL_PCT) -> Replay | None:
    """The use that there would have been, step by step with its gaps -> what would have broken; None without any.

    >>> found = replayed(np.array([40.0, 120.0, np.nan, 130.0, 60.0]), 300.0)
    >>> found.share, found.breaches, round(found.longest_h, 2), found.worst_pct, found.worst_back_s
    (0.5, 1, 0.25, 130.0, 600.0)
    """
    known = ~np.isnan(use_pct)
    count = int(np.count_nonzero(known))
    if not count:
        return None
    over = np.nan_to_num(use_pct, nan=-np.inf) > limit_pct
    runs = _runs(over, known)
    worst = int(np.nanargmax(use_pct))
    return Replay(
        days=count * step_s / 86_400,
        share=float(np.count_nonzero(over) / count),
        breaches=len(runs),
        longest_h=max(runs, default=0) * step_s / 3600,
        worst_pct=float(use_pct[worst]),
        worst_back_s=(len(use_pct) - worst) * step_s,
    )


def _runs(over: NDArray[np.bool_], known: NDArray[np.bool_]) -> list[int]:
    """Rows of each stretch beyond the limit; a gap inside one belongs to it, a gap at its end does not."""
    found: list[int] = []
    length = gap = 0
    for holds, there in zip(over.tolist(), known.tolist(), strict=True):
        if holds:
            length, gap = length + gap + 1, 0
        elif not there and length:
            gap += 1
        elif length:
            found.append(length)
            length = gap = 0
    return [*found, length] if length else found
