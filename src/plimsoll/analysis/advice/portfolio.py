"""What all advice is worth together: a compatible set, never the sum of what overlaps, never more than is paid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from plimsoll.analysis.advice.catalogue import advisers
from plimsoll.analysis.advice.cost import amount
from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.fleet.prices import HOURS_A_MONTH, Price


@dataclass(frozen=True, slots=True)
class PlatformAdvice:
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
        chosen = best.get(one.resource_id)
        if chosen is None or _worth(one) > _worth(chosen):
            best[one.resource_id] = one
    return [*best.values(), *others]


def joint_saving(advice: Sequence[Advice], most: Mapping[str, float]) -> float | None:
    """Money a month of a compatible set, of each resource at most what can be saved; None where no price is known."""
    saving: dict[str, float] = {}
    for one in compatible(advice):
        if one.saving_per_month is not None and one.saving_per_month > 0:
            saving[one.resource_id] = saving.get(one.resource_id, 0.0) + one.saving_per_month
    return sum(min(value, most.get(name, 0.0)) for name, value in saving.items()) if saving else None


def platform(advice: Sequence[Advice], windows: Mapping[str, ResourceWindow]) -> list[PlatformAdvice]:
    """The same advice for several resources, the largest saving first."""
    groups: dict[str, list[Advice]] = {}
    for one in compatible(advice):
        if one.adviser in advisers() and advisers()[one.adviser].platform is not None:
            groups.setdefault(one.adviser, []).append(one)
    most = savable(windows.values())
    found = [_together(name, members, windows, most) for name, members in groups.items() if len(members) > 1]
    return sorted(found, key=lambda one: (-(joint_saving(one.advice, most) or 0.0), one.adviser))


def savable(windows: Iterable[ResourceWindow]) -> dict[str, float]:
    """What each resource with a price costs a month, less what is committed to and paid for either way."""
    return {window.resource.resource_id: price.free_month for window in windows if (price := window.price) is not None}


def _together(
    name: str, members: Sequence[Advice], windows: Mapping[str, ResourceWindow], most: Mapping[str, float]
) -> PlatformAdvice:
    text = advisers()[name].platform
    assert text is not None  # noqa: S101 - others are not summed up
    names = sorted(windows[one.resource_id].resource.name for one in members)
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return PlatformAdvice(
        name, text.title, f"{len(names)} resources {text.resources}: {listed}.", _cost(members, windows, most), members
    )


def _cost(members: Sequence[Advice], windows: Mapping[str, ResourceWindow], most: Mapping[str, float]) -> str | None:
    """Saved after commitments, or what it costs; where nothing has a price, the GPU-hours that a release frees."""
    saved = joint_saving(members, most)
    spent = -sum(one.saving_per_month or 0.0 for one in members)
    prices = [price for one in members if (price := windows[one.resource_id].price) is not None]
    if prices and saved is not None:
        return f"saves {amount(saved, prices[0].currency)} a month{_origin(prices[0])}"
    if prices and spent > 0:
        return f"costs {amount(spent, prices[0].currency)} a month{_origin(prices[0])}"
    freed = sum(one.frees for one in members if one.adviser == "release")
    return f"frees {freed * HOURS_A_MONTH:,.0f} GPU-hours a month" if freed else None


def _origin(price: Price) -> str:
    return f" ({price.origin})" if price.origin else ""


def _worth(advice: Advice) -> float:
    return advice.saving_per_month if advice.saving_per_month is not None else advice.frees
