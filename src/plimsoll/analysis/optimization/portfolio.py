"""What all advice is worth together: a compatible set, never the sum of what overlaps, never more than is paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plimsoll.analysis.optimization.contract import HOURS_A_MONTH, Advice, money
from plimsoll.inventory import Resource

_WORDS = {
    "release": ("Release what is idle", "did no work"),
    "right_size": ("Right-size what is too large", "would have been enough with less"),
    "drain": ("Have faulty hardware looked at", "fail or hold their equals back"),
    "cool": ("Look at the cooling", "are slowed down by heat"),
    "make_room": ("Make room before volumes are full", "are full or fill up"),
    "add_replicas": ("Add capacity where requests wait", "let requests or jobs wait"),
    "end_dead_jobs": ("End jobs that hold GPUs without work", "hold GPUs on which nothing runs"),
    "switch_off": ("Switch idle machines off", "did nothing for a day"),
    "schedule_hours": ("Run fewer replicas by night", "need much less by night"),
    "restore_readings": ("Bring missing readings back", "are not heard of"),
}


@dataclass(frozen=True, slots=True)
class Together:
    """One platform recommendation: the same advice for several resources, with what it is worth."""

    adviser: str
    title: str
    description: str
    cost: str | None
    advice: Sequence[Advice]


def compatible(advice: Sequence[Advice]) -> list[Advice]:
    """Of what changes the size of one resource only the advice that saves most; everything else stays."""
    best: dict[str, Advice] = {}
    others: list[Advice] = []
    for one in advice:
        if one.frees <= 0:
            others.append(one)
            continue
        held = best.get(one.resource_id)
        if held is None or _worth(one) > _worth(held):
            best[one.resource_id] = one
    return [*best.values(), *others]


def joint_saving(advice: Sequence[Advice], resources: Mapping[str, Resource]) -> float | None:
    """Dollars a month of a compatible set, at most what the resources cost; None where no price is known."""
    saving: dict[str, float] = {}
    for one in compatible(advice):
        if one.saving_usd_per_month is not None and one.saving_usd_per_month > 0:
            saving[one.resource_id] = saving.get(one.resource_id, 0.0) + one.saving_usd_per_month
    if not saving:
        return None
    prices = {name: resources[name].price_usd_per_h or 0.0 for name in saving}
    return sum(min(usd, HOURS_A_MONTH * prices[name]) for name, usd in saving.items())


def platform(advice: Sequence[Advice], resources: Mapping[str, Resource]) -> list[Together]:
    """The same advice for several resources, the largest saving first."""
    groups: dict[str, list[Advice]] = {}
    for one in compatible(advice):
        if one.adviser in _WORDS:
            groups.setdefault(one.adviser, []).append(one)
    found = [_together(name, members, resources) for name, members in groups.items() if len(members) > 1]
    return sorted(found, key=lambda one: (-(joint_saving(one.advice, resources) or 0.0), one.adviser))


def _together(name: str, members: Sequence[Advice], resources: Mapping[str, Resource]) -> Together:
    title, what = _WORDS[name]
    names = sorted(resources[one.resource_id].name for one in members)
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    freed = sum(one.frees for one in members)
    cost = money(joint_saving(members, resources), freed * HOURS_A_MONTH if freed and name == "release" else None)
    return Together(name, title, f"{len(names)} resources {what}: {listed}.", cost, members)


def _worth(advice: Advice) -> float:
    return advice.saving_usd_per_month if advice.saving_usd_per_month is not None else advice.frees
