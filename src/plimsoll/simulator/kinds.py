"""The shape of a fault: which types it can hit, where it shows, and how readings become under it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from plimsoll.simulator.load_profile import Array

Row: TypeAlias = dict[str, Array]
Change: TypeAlias = Callable[[Row, Array, float], Row]
SERVICES: Final = ("endpoint", "ai-service")
MACHINES: Final = ("cluster", "training")


@dataclass(frozen=True, slots=True)
class Kind:
    """How an incident shows: `change(readings, share of it passed 0..1, size)` gives the columns as they become.

    Where one device is hit, `whole` is what the resource as a whole shows of it; None: nothing.
    """

    types: tuple[str, ...]
    metrics: tuple[str, ...]
    change: Change
    whole: Change | None = None


def steady(row: Row, value: float) -> Array:
    """A value for as long as it lasts, a little uneven as sensors are: by one part in fifty, with the load.

    >>> row = {"up_pct": np.full(3, 100.0), "cpu_utilization_pct": np.array([20.0, 40.0, 60.0])}
    >>> steady(row, 50.0).tolist()
    [49.0, 50.0, 51.0]
    """
    load = next((row[name] for name in ("cpu_utilization_pct", "disk_busy_pct", "network_utilization_pct")
                 if name in row), row["up_pct"])  # fmt: skip
    low, high = float(np.nanmin(load)), float(np.nanmax(load))
    wave = (load - low) / (high - low) * 2 - 1 if high > low else np.zeros_like(load)
    found: Array = value * (1 + 0.02 * wave)
    return found


def nothing(_: Row, __: Array, ___: float) -> Row:
    """Nothing changes."""
    return {}
