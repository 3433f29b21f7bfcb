"""A fleet in which every fault is planted once, and beside each what looks like it and is healthy."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from plimsoll.simulator.fleet import Fleet
from plimsoll.simulator.incidents import KINDS, Incident
from plimsoll.simulator.kinds import SERVICES
from plimsoll.simulator.load_profile import loads
from plimsoll.simulator.members import Member

_WEEKS: Final = 336.0
_TOO_BUSY, _EACH, _HARDLY = 0.67, 0.04, 0.265
_USUAL: Final = (3.0, 12.0)
_HOURS: Final[Mapping[str, tuple[float, float]]] = {
    "memory_leak": (40, 72),
    "filling_volume": (72, 150),
    "straggler_gpu": (6, 30),
    "under_used_gpu": (24, 60),
    "idle_host": (26, 60),
    "idle_gpu": (4, 60),
    "small_batch": (8, 24),
    "prefix_cache_unused": (6, 24),
    "padded_limits": (14, 24),
    "over_provisioned": (_WEEKS, _WEEKS),
    "quiet_hours": (_WEEKS, _WEEKS),
    "like memory_leak": (30, 60),
    "like filling_volume": (240, 240),
    "like idle_gpu": (6, 10),
}
"""The shortest and the longest that an incident lasts; its twin lasts as long."""
_OF_ONE_GPU: Final = ("straggler_gpu", "dead_allocation", "like dead_allocation")


def everything(*, resources: int, days: int, seed: int, until: datetime, interval_s: int) -> Fleet:
    """Each on a resource of its own, ending in the last day; 144 resources are enough for all of them.

    Raises: IndexError where the fleet has too few resources.
    """
    empty = Fleet.build(
        resources=resources, days=days, seed=seed, until=until, interval_s=interval_s, incidents=(), detailed=True
    )
    chance = np.random.default_rng(seed)
    calm = [member for member in empty.members if member.resource_id not in strained(empty)]
    found: list[Incident] = []
    for kind in sorted(KINDS, key=lambda name: (len(KINDS[name].types), name)):
        able = [member for member in calm if member.type in KINDS[kind].types]
        member = able[int(chance.integers(len(able)))]
        calm.remove(member)
        found.append(_incident(kind, member, chance, until))
    bare = {one.resource_id for one in found if one.kind == "idle_host"}
    return replace(empty, incidents=tuple(found), members=without_gpus(empty.members, bare))


def without_gpus(members: Sequence[Member], names: Collection[str]) -> list[Member]:
    """The same with some hosts that have none: of a host with GPUs it is the GPUs that are idle."""
    return [replace(member, gpu_count=0) if member.resource_id in names else member for member in members]


def strained(fleet: Fleet) -> frozenset[str]:
    """Services that are not healthy by their own rhythm: too busy for an hour of some day, or hardly used all night.

    The simulator's queues are real: a service that uses 70 % of two replicas waits for half of its time.
    """
    services = [member for member in fleet.members if member.type in SERVICES]
    last = (fleet.dates()[-1] - date(1970, 1, 1)).days
    days = [loads(services, seed=fleet.seed, day=last - back, steps=288) for back in range(fleet.days)]
    load = np.stack(days, axis=1)
    most = np.array([_TOO_BUSY + _EACH * max(member.replicas - 2, 0) for member in services])
    busy = (load > most[:, None, None]).sum(axis=2).max(axis=1) >= 12
    by_hour = load.reshape(len(services), len(days), 24, 12).max(axis=(1, 3))
    quiet = (by_hour < _HARDLY).sum(axis=1) >= 5
    return frozenset(member.resource_id for member, out in zip(services, busy | quiet, strict=True) if out)


def _incident(kind: str, member: Member, chance: np.random.Generator, until: datetime) -> Incident:
    shortest, longest = _HOURS.get(kind) or _HOURS.get(kind.removeprefix("like "), _USUAL)
    late = 0.0 if longest >= _WEEKS else float(chance.uniform(0, 20))
    end = (until - timedelta(hours=late)).replace(minute=0, second=0, microsecond=0)
    return Incident(
        kind=kind,
        resource_id=member.resource_id,
        start=end - timedelta(hours=float(chance.uniform(shortest, longest))),
        end=end,
        size=1.0 if kind == "idle_gpu" else round(float(chance.uniform(0.8, 1.2)), 2),
        device=f"gpu{int(chance.integers(member.gpu_count))}" if kind in _OF_ONE_GPU else "",
    )
