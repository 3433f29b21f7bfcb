"""What all advice is worth together: a compatible set, never the sum of what overlaps, never more than is paid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice
from plimsoll.analysis.optimization.cost import amount
from plimsoll.fleet.prices import HOURS_A_MONTH

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
    "smaller_gpu": ("Move to smaller GPUs or slices", "would fit on a smaller GPU"),
    "rebalance": ("Use the room that equals have", "wait while equals have room"),
    "lower_limit": ("Ask for the time that jobs need", "ask for much more time than they use"),
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


def joint_saving(advice: Sequence[Advice], most: Mapping[str, float]) -> float | None:
    """Money a month of a compatible set, of each resource at most what can be saved; None where no price is known."""
    saving: dict[str, float] = {}
    for one in compatible(advice):
        if one.saving_per_month is not None and one.saving_per_month > 0:
            saving[one.resource_id] = saving.get(one.resource_id, 0.0) + one.saving_per_month
    return sum(min(value, most.get(name, 0.0)) for name, value in saving.items()) if saving else None


def platform(advice: Sequence[Advice], cases: Mapping[str, Case]) -> list[Together]:
    """The same advice for several resources, the largest saving first."""
    groups: dict[str, list[Advice]] = {}
    for one in compatible(advice):
        if one.adviser in _WORDS:
            groups.setdefault(one.adviser, []).append(one)
    most = savable(cases.values())
    found = [_together(name, members, cases, most) for name, members in groups.items() if len(members) > 1]
    return sorted(found, key=lambda one: (-(joint_saving(one.advice, most) or 0.0), one.adviser))


def savable(cases: Iterable[Case]) -> dict[str, float]:
    """What each resource with a price costs a month, less what is committed to and paid for either way."""
    return {case.resource.resource_id: price.free_month for case in cases if (price := case.price) is not None}


def _together(name: str, members: Sequence[Advice], cases: Mapping[str, Case], most: Mapping[str, float]) -> Together:
    title, what = _WORDS[name]
    names = sorted(cases[one.resource_id].resource.name for one in members)
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return Together(name, title, f"{len(names)} resources {what}: {listed}.", _cost(members, cases, most), members)


def _cost(members: Sequence[Advice], cases: Mapping[str, Case], most: Mapping[str, float]) -> str | None:
    """Saved after commitments; where nothing has a price, the GPU-hours that a release frees."""
    saved = joint_saving(members, most)
    if saved is not None:
        price = next(price for one in members if (price := cases[one.resource_id].price) is not None)
        origin = f" ({price.origin})" if price.origin else ""
        return f"saves {amount(saved, price.currency)} a month{origin}"
    freed = sum(one.frees for one in members if one.adviser == "release")
    return f"frees {freed * HOURS_A_MONTH:,.0f} GPU-hours a month" if freed else None


def _worth(advice: Advice) -> float:
    return advice.saving_per_month if advice.saving_per_month is not None else advice.frees
