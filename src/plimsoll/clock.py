"""Instants, windows and clocks. Time is an argument: nothing below the command line asks the system what time it is."""

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from plimsoll.errors import BadParameter

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(r"(?P<amount>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h|d|w)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)


class Clock(Protocol):
    """Wall-clock time (when) and monotonic time (how long)."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an unknown start; never steps back."""
        ...

    def boottime(self) -> float:
        """Seconds since the machine began; never steps back, and goes on while the machine is suspended."""
        ...

    def boot(self) -> str:
        """Which boot `boottime` counts from."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits on the monotonic hand."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an unknown start; never steps back."""
        return time.monotonic()

    def boottime(self) -> float:
        """Seconds since the machine began; never steps back, and goes on while the machine is suspended."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot(self) -> str:
        """Which boot `boottime` counts from."""
        try:
            return _BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def sleep(self, seconds: float) -> None:
        """Waits on the monotonic hand."""
        time.sleep(max(0.0, seconds))


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open interval [start, end) of UTC instants, cut into points of `granularity_s` seconds.

    >>> Window.back_from(instant("2026-01-16T18:07:00Z"), range_s=3600, granularity_s=900)
    Window(2026-01-16T17:00:00Z .. 2026-01-16T18:15:00Z, 900 s)
    """

    start: datetime
    end: datetime
    granularity_s: int

    @classmethod
    def back_from(cls, now: datetime, *, range_s: float, granularity_s: int) -> "Window":
        """The window of `range_s` seconds that ends at `now`, aligned outwards to the granularity."""
        return cls(
            floor(now - timedelta(seconds=range_s), granularity_s),
            ceiling(now, granularity_s),
            granularity_s,
        )

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.start).total_seconds()

    @property
    def points(self) -> int:
        """Number of points of `granularity_s` in the window; the last one may be shorter."""
        return math.ceil(self.seconds / self.granularity_s)

    def __repr__(self) -> str:
        return f"Window({rfc3339(self.start)} .. {rfc3339(self.end)}, {self.granularity_s} s)"


def floor(at: datetime, step_s: float) -> datetime:
    """The last multiple of `step_s` since the epoch that is not after `at`."""
    step = timedelta(seconds=step_s)
    return EPOCH + (at - EPOCH) // step * step


def ceiling(at: datetime, step_s: float) -> datetime:
    """The first multiple of `step_s` since the epoch that is not before `at`."""
    step = timedelta(seconds=step_s)
    return EPOCH - (EPOCH - at) // step * step


def instant(text: str, *, name: str = "instant") -> datetime:
    """An RFC 3339 instant, in UTC. A time without a zone is refused: it would mean another instant on another machine.

    >>> instant("2026-01-16T19:00:00+01:00").isoformat()
    '2026-01-16T18:00:00+00:00'
    """
    if not _INSTANT.fullmatch(text):
        raise BadParameter(name, text, why="is not an instant; write it as 2026-01-16T18:00:00Z")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadParameter(name, text, why=f"is not an instant ({error}); write it as 2026-01-16T18:00:00Z") from error


def rfc3339(at: datetime) -> str:
    """An instant as the documents write it: `2026-01-16T18:00:00Z`, with milliseconds only where there are some.

    >>> rfc3339(datetime(2026, 1, 16, 18, 0, 0, 250_000, tzinfo=UTC))
    '2026-01-16T18:00:00.250Z'
    """
    utc = at.astimezone(UTC).replace(tzinfo=None)
    spec = "milliseconds" if utc.microsecond // 1000 else "seconds"
    return utc.isoformat(timespec=spec) + "Z"


def duration_s(text: str, *, name: str = "duration") -> float:
    """A duration with its unit, in seconds; a bare number is refused.

    >>> duration_s("1.5h")
    5400.0
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise BadParameter(name, text, why="is not a duration; write a number and a unit: 500ms, 30s, 5m, 1h, 7d, 2w")
    return float(match["amount"]) * _SECONDS[match["unit"]]


def duration_text(seconds: float) -> str:
    """A duration as a setting writes it, in the largest unit that divides it.

    >>> duration_text(5400.0), duration_text(0.5), duration_text(604800.0), duration_text(0.0)
    ('90m', '500ms', '7d', '0s')
    """
    if seconds < 1:
        return f"{1000 * seconds:g}ms" if seconds else "0s"
    unit, size = max(
        ((unit, size) for unit, size in _SECONDS.items() if unit != "w" and seconds % size == 0),
        key=lambda pair: pair[1],
        default=("s", 1),
    )
    return f"{seconds / size:.10g}{unit}"
