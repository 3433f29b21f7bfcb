"""Confirms the wall clock against the clock that never steps: what is due is decided by a confirmed time only.

The clock since boot (CLOCK_BOOTTIME, which goes on while a machine is suspended) says how much time has passed. Where
the wall clock has moved by more than five minutes beside it, somebody set it, or it is broken: nothing is made until it
has come back, or has stayed like that for a while (a quarter of an hour; a day where it is ahead by more than a month).
A wall clock that lags but has not gone back is believed: whatever it shows has passed. What is known is kept in a small
file, so that `plimsoll tick`, a new process each time, and a scheduler that is started anew know it too. Over a reboot
nothing tells how long the machine was off: a pause of up to a month is believed, a wall clock behind what it showed
before is not.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final

from plimsoll.atomic import write_atomically
from plimsoll.clock import Clock, instant, rfc3339
from plimsoll.errors import DiskError

FILE: Final = "clock.json"
TOLERATED_S: Final = 300.0
INCREDIBLE_S: Final = 31 * 86_400.0
CONFIRMED_AFTER_S: Final = 900.0
INCREDIBLE_AFTER_S: Final = 86_400.0
_SAVED_EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """The wall clock moved by `seconds` more than time passed; while it is `incredible`, nothing is acted upon.

    `settled` says that the new time is now taken for the right one.
    """

    seconds: float
    incredible: bool
    settled: bool = False


@dataclass(slots=True)
class Watch:
    """Looks at both clocks; for any thread. `latest` is what the wall showed when something was last made."""

    clock: Clock
    path: Path | None = None
    latest: datetime | None = None
    _offset_s: float = field(init=False)
    _seen: datetime = field(init=False)
    _doubt_s: float | None = field(init=False, default=None)
    _doubt_since_s: float = field(init=False, default=0.0)
    _saved_s: float = field(init=False, default=float("-inf"))
    _lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        wall, boot = self.clock.now(), self.clock.boottime()
        self._offset_s, self._seen = wall.timestamp() - boot, wall
        known = read(self.path)
        if known.get("boot") == self.clock.boot():
            self._offset_s, self._seen = float(known["offsetS"]), instant(known["seen"])
            if known["doubtS"] is not None:
                self._doubt_s, self._doubt_since_s = float(known["doubtS"]), float(known["doubtSinceS"])
            return
        seen = max((at for at in (self.latest, _seen(known)) if at is not None), default=wall)
        if not -TOLERATED_S <= (wall - seen).total_seconds() <= INCREDIBLE_S:
            self._doubt_s, self._doubt_since_s = self._offset_s, boot
            self._offset_s, self._seen = seen.timestamp() - boot, seen

    @property
    def confirmed(self) -> bool:
        """Whether the wall clock was believed at the last look."""
        return self._doubt_s is None

    def look(self) -> Step | None:
        """What changed since the last look; None where nothing did."""
        with self._lock:
            before = self._doubt_s
            step = self._looked(self.clock.now(), self.clock.boottime())
            if before != self._doubt_s or self.clock.boottime() - self._saved_s >= _SAVED_EVERY_S:
                self._save()
            return step

    def _looked(self, wall: datetime, boot: float) -> Step | None:
        offset, before = wall.timestamp() - boot, self._doubt_s
        moved = offset - self._offset_s
        if abs(moved) <= TOLERATED_S or (moved < 0 and wall >= self._seen):
            self._believe(wall, offset)
            if before is not None:
                return Step(offset - before, incredible=False)
            return Step(moved, incredible=False) if abs(moved) > TOLERATED_S else None
        if before is None or abs(offset - before) > TOLERATED_S:
            self._doubt_s, self._doubt_since_s = offset, boot
            return Step(moved, incredible=True)
        if boot - self._doubt_since_s < (INCREDIBLE_AFTER_S if moved > INCREDIBLE_S else CONFIRMED_AFTER_S):
            return None
        self._believe(wall, offset)
        return Step(moved, incredible=False, settled=True)

    def _believe(self, wall: datetime, offset: float) -> None:
        self._doubt_s, self._offset_s, self._seen = None, offset, wall

    def _save(self) -> None:
        if self.path is None:
            return
        known = {
            "boot": self.clock.boot(),
            "offsetS": self._offset_s,
            "seen": rfc3339(self._seen),
            "doubtS": self._doubt_s,
            "doubtSinceS": self._doubt_since_s,
        }
        with suppress(DiskError):  # the next look tries again; a full disk is reported by what cannot be made
            write_atomically(self.path, json.dumps(known).encode(), durable=False)
            self._saved_s = self.clock.boottime()


def read(path: Path | None) -> dict[str, Any]:
    """What the file says; nothing where there is none, or where it was written by something else."""
    if path is None:
        return {}
    try:
        known: dict[str, Any] = json.loads(path.read_bytes())
        return known if {"boot", "offsetS", "seen", "doubtS", "doubtSinceS"} <= known.keys() else {}
    except (OSError, ValueError, AttributeError):
        return {}


def problem(path: Path) -> str | None:
    """One line where the wall clock is not believed."""
    known = read(path)
    if not known or known["doubtS"] is None:
        return None
    moved = timedelta(seconds=round(float(known["doubtS"]) - float(known["offsetS"])))
    hours = abs(moved.total_seconds()) / 3600
    ahead = "ahead" if moved > timedelta(0) else "back"
    after = "a day" if moved.total_seconds() > INCREDIBLE_S else "15 minutes"
    return (
        f"the clock jumped {ahead} by {hours:.1f} h; nothing is made until it is back or has stayed so for {after}:"
        " set the clock right, or wait"
    )


def _seen(known: dict[str, Any]) -> datetime | None:
    return instant(known["seen"]) if known else None
