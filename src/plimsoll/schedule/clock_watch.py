"""Watches the wall clock against the monotonic one: what stepped, and whether the new time can be believed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from plimsoll.clock import Clock

TOLERATED_S: Final = 300.0
INCREDIBLE_S: Final = 31 * 86_400.0


@dataclass(frozen=True, slots=True)
class Step:
    """The wall clock moved by `seconds` more than time passed. What is `incredible` is not acted upon."""

    seconds: float
    incredible: bool


@dataclass(slots=True)
class Watch:
    """Looks at both hands. A laptop that slept and a corrected clock are believed; a jump of more than a month is not.

    While the wall is incredible, time is counted on from the last believed instant, so that its return is noticed.
    """

    clock: Clock
    _wall: datetime = field(init=False)
    _mono: float = field(init=False)
    _incredible: bool = False

    def __post_init__(self) -> None:
        self._wall, self._mono = self.clock.now(), self.clock.monotonic()

    def look(self) -> Step | None:
        """What changed since the last look; None while the hands go together."""
        wall, mono = self.clock.now(), self.clock.monotonic()
        expected = self._wall + timedelta(seconds=mono - self._mono)
        seconds = (wall - expected).total_seconds()
        was, self._incredible = self._incredible, abs(seconds) > INCREDIBLE_S
        if self._incredible:
            return None if was else Step(seconds, incredible=True)
        self._wall, self._mono = wall, mono
        return Step(seconds, incredible=False) if was or abs(seconds) > TOLERATED_S else None
