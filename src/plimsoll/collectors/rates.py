"""Counters to rates: one function for every source.

A first reading has no rate; a gap has no rate; a counter that falls back was reset and counts from zero, unless it is
known to jitter; a known restart forces a reset; what is not plausible is dropped.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

_JITTER_SHARE = 0.005
_JITTER_UNITS = 3.0
_MIN_GAP_S = 90.0
_MIN_SPACING_S = 0.1
Remembered = tuple[Hashable, float, float, object]
"""(series, monotonic seconds, value, epoch) of one counter."""


@dataclass(slots=True)
class _Last:
    at_s: float
    value: float
    epoch: object


@dataclass(frozen=True, slots=True)
class Delta:
    """How much a counter grew over `seconds`; `partial` where a reset hid a part of it."""

    amount: float
    seconds: float
    partial: bool = False

    @property
    def per_s(self) -> float:
        """The rate."""
        return self.amount / self.seconds


@dataclass(slots=True)
class Rates:
    """The counters of one source between two readings.

    `interval_s` is the expected time between readings: more than three times that (and 90 s) is a gap.

    >>> rates = Rates(interval_s=30)
    >>> rates.delta("bytes", 1_000, at_s=0.0) is None
    True
    >>> rates.delta("bytes", 4_000, at_s=30.0).per_s
    100.0
    """

    interval_s: float
    _last: dict[Hashable, _Last] = field(default_factory=dict[Hashable, _Last])

    def delta(
        self,
        series: Hashable,
        value: float,
        *,
        at_s: float,
        epoch: object = None,
        jitters: bool = False,
        most_per_s: float | None = None,
    ) -> Delta | None:
        """The growth of a counter since its reading before, or None where no honest number exists.

        `at_s` is monotonic; a changed `epoch` (boot time, process start) is a restart even if the counter did not fall;
        `jitters` marks counters that step back a little without a reset (iowait); `most_per_s` is what can be true.
        """
        if not value >= 0:  # negative or NaN: not a reading of a counter
            return None
        before = self._last.get(series)
        if before is None:
            self._last[series] = _Last(at_s, value, epoch)
            return None
        seconds = at_s - before.at_s
        if seconds < _MIN_SPACING_S:
            return None
        restarted = epoch != before.epoch
        fell = value < before.value
        if fell and jitters and not restarted and _is_jitter(before.value, value):
            # the floor stays: the counter's way back up must not be counted twice
            self._last[series] = _Last(at_s, before.value, epoch)
            return self._honest(0.0, seconds, partial=False, most_per_s=most_per_s)
        self._last[series] = _Last(at_s, value, epoch)
        reset = restarted or fell
        return self._honest(value if reset else value - before.value, seconds, partial=reset, most_per_s=most_per_s)

    def __len__(self) -> int:
        return len(self._last)

    def remembered(self) -> list[Remembered]:
        """Every counter as it was read last."""
        return [(series, last.at_s, last.value, last.epoch) for series, last in self._last.items()]

    def recall(self, told: Iterable[Remembered]) -> None:
        """Takes up counters that were remembered; what was read since then is newer and stays."""
        for series, at_s, value, epoch in told:
            self._last.setdefault(series, _Last(at_s, value, epoch))

    def forget(self, before_s: float) -> int:
        """Drops series that were not seen since: labels that come and go must not fill the memory."""
        gone = [series for series, last in self._last.items() if last.at_s < before_s]
        for series in gone:
            del self._last[series]
        return len(gone)

    def rate(self, series: Hashable, value: float, *, at_s: float, epoch: object = None) -> float | None:
        """The growth per second, or None."""
        delta = self.delta(series, value, at_s=at_s, epoch=epoch)
        return None if delta is None else delta.per_s

    def _honest(self, amount: float, seconds: float, *, partial: bool, most_per_s: float | None) -> Delta | None:
        if seconds > max(3 * self.interval_s, _MIN_GAP_S):
            return None
        if most_per_s is not None and amount > most_per_s * seconds:
            return None
        return Delta(amount, seconds, partial)


def _is_jitter(before: float, now: float) -> bool:
    return before - now < _JITTER_UNITS or before - now < _JITTER_SHARE * before
