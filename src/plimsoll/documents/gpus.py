"""How the GPUs of a fleet were used in a window: by card, by resource, and all together. Unknown is None, never 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SIZED_FOR_PCT: Final = 65.0
"""How busy a GPU may be in its busiest hour, for the count of GPUs that would have been enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuUse:
    """One card (`device`), or a resource as a whole (`device` empty): means of the window, of what was read.

    Shares in percent; power in watts, of a whole resource the mean of its cards; temperature is the highest reading.
    `samples` counts readings.
    """

    device: str
    samples: int
    busy_pct: float | None = None
    sm_active_pct: float | None = None
    tensor_active_pct: float | None = None
    dram_active_pct: float | None = None
    memory_pct: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    temperature_c: float | None = None
    sm_clock_mhz: float | None = None
    slowed_by_power_pct: float | None = None
    slowed_by_heat_pct: float | None = None
    slowed_by_hardware_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuHost:
    """The GPUs of one resource; `count` is how many it is known to have, None where that is not known."""

    resource_id: str
    name: str
    model: str
    count: int | None
    whole: GpuUse
    cards: Sequence[GpuUse]

    @property
    def read(self) -> int:
        """How many cards were read: one at least, where only the resource as a whole is reported."""
        return len(self.cards) or self.count or 1

    @property
    def unread(self) -> int:
        """How many cards that it should have were not read."""
        return max(0, (self.count or 0) - self.read)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFleet:
    """All GPUs: hosts with a reading, the worst first; `busiest_pct` is that of the busiest hour of all together.

    `unread` counts GPUs that are known and were not read in the window.
    """

    hosts: Sequence[GpuHost]
    unread: int = 0
    busy_pct: float | None = None
    busiest_pct: float | None = None

    @property
    def count(self) -> int:
        """How many GPUs were read."""
        return sum(host.read for host in self.hosts)

    @property
    def enough(self) -> int | None:
        """How many GPUs would have carried the busiest hour at SIZED_FOR_PCT; None where use is not known."""
        if self.busiest_pct is None:
            return None
        return min(self.count, max(1, -int(-self.busiest_pct * self.count // SIZED_FOR_PCT)))
