"""From scores to events: few, each reported once.

* **merge**: strange rows no more than an hour apart are one event;
* **onset suppression**: in the 12 hours after a strange row only a stronger one begins an event;
* **habituation**: what began so often in the last 14 days is less news: each like-sized onset raises the bar.
"""

from dataclasses import dataclass

import numpy as np

from plimsoll.analysis.robust import Floats

NOTICED_SHARE = 2.3 / 3.0
_QUIET_S = 12 * 3600.0
_MEMORY_S = 14 * 86_400.0
_LIKE = 0.8
_HABIT = 0.1
_GAP_S = 3600.0


@dataclass(frozen=True, slots=True)
class Episode:
    """Rows `first` to `last` of one series; `peak` is the strangest, `score` its novelty."""

    first: int
    last: int
    peak: int
    score: float


def novelty(score: Floats, *, step_s: float, alarm: float) -> Floats:
    """Scores of one series -> the scores of possible onsets, less what habit asks; 0 elsewhere."""
    out = np.zeros(len(score))
    quiet, memory, gap = (round(s / step_s) for s in (_QUIET_S, _MEMORY_S, _GAP_S))
    noticed = NOTICED_SHARE * alarm
    begun: list[tuple[int, int, float]] = []
    recent: list[tuple[int, float]] = []
    stretch, before = 0, -memory
    for row in np.flatnonzero(score >= noticed).tolist():
        stretch, before = (stretch if row - before <= max(1, gap) else row), row
        now = float(score[row])
        recent = [(at, size) for at, size in recent if row - at < quiet]
        if now > max((size for _, size in recent), default=-1.0):
            # what grows within one stretch is one piece of news, not many that one gets used to
            like = sum(1 for at, of, size in begun if of != stretch and row - at < memory and size >= _LIKE * now)
            out[row] = now - noticed * _HABIT * float(np.log2(1 + like))
            if out[row] >= noticed:
                begun.append((row, stretch, now))
        recent.append((row, now))
    return out


def onsets(score: Floats, *, step_s: float, alarm: float) -> list[Episode]:
    """The news of one metric: from an onset until the score has been unremarkable for an hour."""
    news = novelty(score, step_s=step_s, alarm=alarm)
    strange = np.flatnonzero(score >= NOTICED_SHARE * alarm)
    found: list[Episode] = []
    for first in np.flatnonzero(news >= alarm).tolist():
        if found and first <= found[-1].last:
            continue
        last = _end(strange[strange >= first], step_s)
        found.append(_episode(score, first, last, float(news[first : last + 1].max())))
    return found


def stretches(score: Floats, *, step_s: float, alarm: float) -> list[Episode]:
    """Every stretch of a held score at the alarm or above, breaks of up to an hour joined."""
    strange = np.flatnonzero(score >= alarm)
    found: list[Episode] = []
    while len(strange):
        first, last = int(strange[0]), _end(strange, step_s)
        found.append(_episode(score, first, last, float(score[first : last + 1].max())))
        strange = strange[strange > last]
    return found


def _end(rows: "np.ndarray[tuple[int, ...], np.dtype[np.intp]]", step_s: float) -> int:
    """The last row before the first break of more than an hour."""
    breaks = np.flatnonzero(np.diff(rows) > max(1, round(_GAP_S / step_s)))
    return int(rows[breaks[0]] if len(breaks) else rows[-1])


def _episode(score: Floats, first: int, last: int, size: float) -> Episode:
    return Episode(first, last, first + int(np.argmax(score[first : last + 1])), size)


def runs(flags: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> list[tuple[int, int]]:
    """First and last row of each stretch of true flags.

    >>> runs(np.array([False, True, True, False, True]))
    [(1, 2), (4, 4)]
    """
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))
