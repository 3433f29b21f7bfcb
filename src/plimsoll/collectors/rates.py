"""Counters to rates: one function for every source.

A first reading has no rate; a gap has no rate; a counter that falls back was reset and counts from zero, unless it is
known to jitter; a known restart forces a reset; what is not plausible is dropped, and the reading after it is compared
with the last one that could be.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

_JITTER_SHARE = 0.005
_JITTER_UNITS = 3.0
_MIN_GAP_S = 90.0
_MIN_SPACING_S = 0.1
_RESTART_S = 30.0
_NO_COUNT = 9.2e18
"""From here on a counter of 64 bits is not counting: the largest numbers stand for "not known"."""
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
    _implausible: list[str] = field(default_factory=list[str])

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

        `at_s` is monotonic; an `epoch` (boot time, process start: seconds) that moved by more than half a minute is a
        restart even if the counter did not fall: clocks are slewed, and a boot time that follows them moves a little.
        `jitters` marks counters that step back a little without a reset (iowait); `most_per_s` is what can be true.
        """
        if value >= _NO_COUNT:
            self._implausible.append(f"{_named(series)} stands at {value:g}")
        if not 0 <= value < _NO_COUNT:  # negative or NaN: not a reading of a counter
            return None
        before = self._last.setdefault(series, _Last(at_s, value, epoch))
        seconds = at_s - before.at_s
        if seconds < _MIN_SPACING_S:
            return None
        fell = value < before.value
        reset = fell or _restarted(before.epoch, epoch)
        if fell and jitters and not _restarted(before.epoch, epoch) and _is_jitter(before.value, value):
            # the floor stays: the counter's way back up must not be counted twice
            self._last[series] = _Last(at_s, before.value, epoch)
            return None if self._is_gap(seconds) else Delta(0.0, seconds)
        amount = value if reset else value - before.value
        if self._is_gap(seconds):
            self._last[series] = _Last(at_s, value, epoch)
            return None
        if most_per_s is not None and amount > most_per_s * seconds:
            self._implausible.append(f"{_named(series)} grew by {amount:g} in {seconds:.0f} s")
            if reset:
                self._last[series] = _Last(at_s, value, epoch)
            return None
        self._last[series] = _Last(at_s, value, epoch)
        return Delta(amount, seconds, reset)

    def implausible(self) -> list[str]:
        """What was dropped since this was asked last because it cannot be, in words."""
        found, self._implausible = self._implausible, []
        return found

    @property
    def doubts(self) -> int:
        """How many readings were dropped since it was asked last what they were."""
        return len(self._implausible)

    def __len__(self) -> int:
        return len(self._last)

    def remembered(self) -> list[Remembered]:
        """Every counter as it was read last."""
        return [(series, last.at_s, last.value, last.epoch) for series, last in self._last.items()]

    def recall(self, counters: Iterable[Remembered]) -> None:
        """Takes up counters that were remembered; what was read since then is newer and stays."""
        for series, at_s, value, epoch in counters:
            self._last.setdefault(series, _Last(at_s, value, epoch))

    def forget(self, before_s: float) -> int:
        """Drops series that were not seen since: labels that come and go must not fill the memory."""
        gone = [series for series, last in self._last.items() if last.at_s < before_s]
        for series in gone:
            del self._last[series]
        return len(gone)

    def rate(
        self, series: Hashable, value: float, *, at_s: float, epoch: object = None, most_per_s: float | None = None
    ) -> float | None:
        """The growth per second, or None."""
        delta = self.delta(series, value, at_s=at_s, epoch=epoch, most_per_s=most_per_s)
        return None if delta is None else delta.per_s

    def _is_gap(self, seconds: float) -> bool:
        return seconds > max(3 * self.interval_s, _MIN_GAP_S)


def _restarted(before: object, now: object) -> bool:
    if isinstance(before, int | float) and isinstance(now, int | float):
        return abs(now - before) > _RESTART_S
    return now != before


def _named(series: Hashable) -> str:
    parts = series if isinstance(series, tuple) else (series,)  # pyright: ignore[reportUnknownVariableType]
    return " ".join(map(str, parts))  # pyright: ignore[reportUnknownArgumentType]


def _is_jitter(before: float, now: float) -> bool:
    return before - now < _JITTER_UNITS or before - now < _JITTER_SHARE * before
