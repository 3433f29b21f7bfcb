"""Another GPU model in place of the one that is there: both from the price file, with memory and measured speed."""

from dataclasses import dataclass
from re import search

import numpy as np

from plimsoll.analysis.advice.replay import Replay, replayed
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.fleet.prices import Gpu

MOST_MEMORY_PCT = 90.0


@dataclass(frozen=True, slots=True)
class GpuReplacement:
    """`slower` is the time that the same work takes on the other model (2: twice); `memory` the use of its memory."""

    own: Gpu
    other: Gpu
    slower: float
    memory: float
    replay: Replay

    @property
    def cheaper(self) -> float:
        """The part of the GPUs' price that is saved; negative where the other costs more."""
        return 1 - self.other.per_h / self.own.per_h

    @property
    def ratios(self) -> str:
        """What the price file says of the two, and no more."""
        return (
            f"by the price file {self.other.model} costs {self.other.per_h / self.own.per_h:.2f} times as much and is "
            f"{1 / self.slower:.2f} times as fast"
        )

    def part(self, window: ResourceWindow) -> float:
        """The part of the whole resource's price that it changes by."""
        price, count = window.price, window.resource.gpu_count or 0.0
        return 0.0 if price is None else max(-1e9, min(1.0, count * (self.own.per_h - self.other.per_h) / price.per_h))

    def changes(self, count: float) -> dict[str, str]:
        """A request for the other model, or for the slice."""
        if slice_ := search(r"\d+g\.\d+gb", self.other.model.lower()):
            return {"kubernetes": f"resources: {{limits: {{nvidia.com/mig-{slice_.group()}: {count:g}}}}}"}
        model = self.other.model.lower().replace(" ", "-")
        return {
            "slurm": f"#SBATCH --gres=gpu:{model}:{count:g}",
            "kubernetes": f"nodeSelector: {{nvidia.com/gpu.product: {self.other.model.replace(' ', '-')}}}",
        }


def replacements(window: ResourceWindow) -> list[GpuReplacement]:
    """Every other model that the price file knows enough of, cheapest first; none without use and memory read."""
    own, busy = window.prices.gpu(window.resource), window.whole("gpu_utilization_pct")
    memory = window.whole("gpu_memory_utilization_pct")
    if own is None or not own.memory_gb or not own.performance or busy is None or memory is None:
        return []
    found: list[GpuReplacement] = []
    for other in window.prices.models(window.resource):
        if not other.memory_gb or not other.performance:
            continue
        slower = own.performance / other.performance
        filled = memory * own.memory_gb / other.memory_gb
        replay = replayed(np.fmax(busy * slower, filled), window.step_s)
        if replay is not None and not np.isnan(filled).all():
            found.append(GpuReplacement(own, other, slower, float(np.nanmax(filled)), replay))
    return found
