"""How throughput grows with replicas: the universal scalability law, where a service's own history shows it.

X(N) = g N / (1 + s (N - 1) + k N (N - 1)); beyond N* = sqrt((1 - s) / k) more replicas do less (N. J. Gunther,
"Guerrilla Capacity Planning", 2007).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.robust import Floats

FEWEST_SIZES: Final = 6
BUSY_PCT: Final = 80.0
_FEWEST_STEPS: Final = 3
_T_95: Final = {3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228}


@dataclass(frozen=True, slots=True)
class Usl:
    """Work of one replica, contention and coherency; `sizes` numbers of replicas were seen under load."""

    gamma: float
    sigma: float
    kappa: float
    sizes: int

    @property
    def peak(self) -> float:
        """The number of replicas beyond which more do less."""
        return math.sqrt(max(0.0, 1 - self.sigma) / self.kappa)

    def at(self, replicas: float) -> float:
        """Throughput with so many."""
        n = replicas
        return self.gamma * n / (1 + self.sigma * (n - 1) + self.kappa * n * (n - 1))


def fitted(replicas: Floats, throughput: Floats) -> Usl | None:
    """Least squares of N / X, which is linear; None unless six sizes are seen and 95 % of kappa's interval are above 0.

    >>> n = np.array([1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0])
    >>> law = Usl(100.0, 0.05, 0.001, 7)
    >>> found = fitted(n, np.array([law.at(one) for one in n]) * (1 + 0.001 * np.sin(n)))
    >>> round(found.sigma, 2), round(found.kappa, 3), round(found.peak)
    (0.05, 0.001, 31)
    >>> fitted(n[:5], n[:5]) is None
    True
    """
    sizes = len(replicas)
    if sizes < FEWEST_SIZES:
        return None
    design = np.column_stack([np.ones(sizes), replicas - 1, replicas * (replicas - 1)])
    left = replicas / throughput
    found, _, rank, _ = np.linalg.lstsq(design, left, rcond=None)
    if rank < design.shape[1] or found[0] <= 0:
        return None
    spare = sizes - design.shape[1]
    variance = float(np.sum((left - design @ found) ** 2)) / spare
    error = math.sqrt(max(0.0, variance * float(np.linalg.inv(design.T @ design)[2, 2])))
    if found[2] - _T_95.get(spare, 2.2) * error <= 0:
        return None
    gamma = 1 / float(found[0])
    return Usl(gamma, float(found[1]) * gamma, float(found[2]) * gamma, sizes)


def law_of(window: ResourceWindow) -> Usl | None:
    """The law of a service whose replicas changed: at each number the throughput while its GPUs were full."""
    replicas, rate = window.whole("replicas_count"), window.whole("throughput_per_s")
    busy = window.whole("gpu_utilization_pct")
    if replicas is None or rate is None or busy is None:
        return None
    full = (np.nan_to_num(busy) >= BUSY_PCT) & (np.nan_to_num(rate) > 0) & (np.nan_to_num(replicas) >= 1)
    whole = np.round(replicas)
    sizes = [n for n in np.unique(whole[full]).tolist() if np.count_nonzero(full & (whole == n)) >= _FEWEST_STEPS]
    return fitted(np.array(sizes), np.array([float(np.quantile(rate[full & (whole == n)], 0.95)) for n in sizes]))
