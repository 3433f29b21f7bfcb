"""What has to be known before advice is given: declared by each adviser as data, and enforced in this one place.

What is not read is not quiet: it decides nothing, and is named as what would decide it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource

Thing: TypeAlias = Literal["node", "job", "deployment", "volume", "link"]
THINGS: Final[Mapping[str, Thing]] = {
    "cluster": "node",
    "training": "job",
    "endpoint": "deployment",
    "ai-service": "deployment",
    "storage": "volume",
    "network": "link",
}
"""What a resource of each type is to those who act on it."""
ANYTHING: Final[frozenset[Thing]] = frozenset({"node", "job", "deployment", "volume", "link"})
IDLE_GPU_W: Final = 200.0
"""More than this for each GPU is not an idle card: one that only holds memory draws about 130 W."""
_OF_GPUS: Final = "gpu_"
_POWER: Final = "gpu_power_w"
_AT_WORK: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """What advice rests on.

    `measured` are groups of metrics: of each group one at least is read in the window (those of GPUs only where there
    are any). `over_h` is the least history of the first of each group, in hours. `acts_on` are the things that it may
    be about. `quiet` are metrics that, where they are read, stay at or below a level (power: for each GPU): more in a
    twentieth of the window is work. `breaks` says what it would break, in a sentence.
    """

    measured: tuple[tuple[str, ...], ...] = ()
    over_h: float = 0.0
    acts_on: frozenset[Thing] = ANYTHING
    quiet: Mapping[str, float] = field(default_factory=dict[str, float])
    breaks: str = ""


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why advice is not given; `missing` are the metrics that would decide it, `in_s` when there is history enough."""

    reason: str
    missing: tuple[str, ...] = ()
    in_s: float | None = None


NONE: Final = Preconditions()


def unmet(wanted: Preconditions, window: ResourceWindow, bottleneck: Bottleneck) -> Unmet | None:
    """The first precondition that does not hold; None: advice may be given.

    What has to be quiet is looked at in the readings behind the bottleneck.
    """
    thing = THINGS.get(window.resource.type)
    if thing is not None and thing not in wanted.acts_on:
        return Unmet(f"it is for a {' or a '.join(sorted(wanted.acts_on))}, and this is a {thing}")
    groups = [group for group in wanted.measured if has_gpus(window) or not group[0].startswith(_OF_GPUS)]
    unread = [group for group in groups if not any(window.row(metric) is not None for metric in group)]
    if unread:
        names = [metric for group in unread for metric in group[:1]]
        return Unmet(f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not read", tuple(names))
    for metric, most in wanted.quiet.items():
        row = window.row(metric)
        rows = max(1, min(bottleneck.samples, window.window_rows))
        if row is not None and (working := _above(window, metric, row[-rows:], most)) is not None:
            return Unmet(working)
    return _too_short(wanted, window, groups)


def has_gpus(window: ResourceWindow) -> bool:
    """Whether it has GPUs: by the inventory, or because anything of them is read."""
    if window.resource.gpu_count is not None:
        return window.resource.gpu_count > 0
    rows = [*window.readings.items(), *((metric, row) for (_, metric), row in window.devices.items())]
    return any(metric.startswith(_OF_GPUS) and bool(np.isfinite(row).any()) for metric, row in rows)


def _above(window: ResourceWindow, metric: str, row: Floats, most: float) -> str | None:
    limit = most * max(1.0, window.resource.gpu_count or 1.0) if metric == _POWER else most
    known = row[~np.isnan(row)]
    busy = known[known > limit]
    if len(busy) <= _AT_WORK * len(known):
        return None
    return f"{metric} is {float(np.median(busy)):,.0f}, more than {limit:,.0f} where nothing is at work"


def _too_short(wanted: Preconditions, window: ResourceWindow, groups: list[tuple[str, ...]]) -> Unmet | None:
    for group in groups if wanted.over_h else []:
        read = max(
            (window.hours(~np.isnan(row)) for metric in group if (row := window.whole(metric)) is not None), default=0.0
        )
        if read < wanted.over_h:
            return Unmet(
                f"{read / 24:.1f} of {wanted.over_h / 24:.1f} days of {group[0]} are read",
                in_s=3600 * (wanted.over_h - read),
            )
    return None


def beyond_inventory(asks: Mapping[str, float], resource: Resource) -> bool:
    """Whether more is asked for than the thing has: GPUs or processors of a machine or a job."""
    has = {"gpus": resource.gpu_count, "cpus": resource.cpu_count, "replicas": None}
    return any((most := has.get(name)) is not None and amount > most for name, amount in asks.items())
