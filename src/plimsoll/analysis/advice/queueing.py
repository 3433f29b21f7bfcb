"""Queueing theory: how long requests wait for so many servers, and which metric says how busy these are."""

import math
from typing import Final

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow

SATURATED: Final = 0.95
"""The use from which the formula says nothing: the wait depends on how long the overload lasts."""
VARIABILITY: Final = (0.5, 1.0, 2.0)
"""How irregular arrivals and work are: a low, a middle and a high guess."""


def waiting(rho: float, servers: float, variability: float) -> float:
    """The mean wait over the service time with so many servers (Sakasegawa 1977; Kingman's formula for one).

    >>> round(waiting(0.8, 1, 1.0), 1), round(waiting(0.8, 4, 1.0), 2)
    (4.0, 0.77)
    """
    return float(variability * rho ** (math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - rho)))


def busiest(window: ResourceWindow) -> str | None:
    """The metric that says how busy it is: its GPUs where they are read, else its processors."""
    return next((m for m in ("gpu_utilization_pct", "cpu_utilization_pct") if window.row(m) is not None), None)
