"""Clean or extend a volume before it is full."""

from plimsoll.analysis.advice.commands import shell_quote
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

TARGET_PCT, AHEAD_DAYS = 70.0, 30.0
_BAND = 0.3


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """What has to go, or be added, to be at 70 % again, and how long that lasts at the pace of the last days."""
    size, pace = window.resource.storage_bytes, bottleneck.pace_per_day
    over = max(bottleneck.observed - TARGET_PCT, 5.0)
    goal = size * (bottleneck.observed + AHEAD_DAYS * (pace or 0.0)) / TARGET_PCT if size else None
    soon = bottleneck.rule != "volume_filling" or bottleneck.weight >= 85
    days = over / pace if pace else None
    lasts = f" That lasts {days:.0f} days at this pace; for {AHEAD_DAYS:.0f} days it takes " if days else ""
    ahead = f"{_amount(over + max(0.0, AHEAD_DAYS - (days or 0)) * (pace or 0), size)}." if days else ""
    return Advice(
        priority="high" if soon else "medium",
        title=f"Make room on {window.resource.name}: delete or add {_amount(over, size)}",
        description=f"{bottleneck.description}: {bottleneck.impact}.{lasts}{ahead} What to delete first: old "
        f"checkpoints and "
        "scratch files.",
        changes=_larger(window, goal) if bottleneck.rule != "inodes_used_up" else {},
        improvement=f"{days * (1 - _BAND):.0f} to {days * (1 + _BAND):.0f} more days until it is full"
        if days
        else None,
        estimate=Estimate(
            low=days * (1 - _BAND),
            middle=days,
            high=days * (1 + _BAND),
            unit="days",
            formula="points freed / points a day of the last three days, 30 % either way",
        )
        if days
        else None,
    )


def _larger(window: ResourceWindow, size: float | None) -> dict[str, str]:
    """The claim of a volume at another size; its id is taken for the claim's name."""
    if size is None:
        return {}
    patch = f'{{"spec":{{"resources":{{"requests":{{"storage":"{size / 2**30:.0f}Gi"}}}}}}}}'
    return {"kubernetes": f"kubectl patch pvc {shell_quote(window.resource.resource_id)} --patch {shell_quote(patch)}"}


def _amount(points: float, size: float | None) -> str:
    return f"{points / 100 * size / 1e12:.1f} TB" if size else f"{points:.0f} points"


ADVISER = Adviser(
    name="make_room",
    answers=frozenset({"volume_filling", "volume_full", "inodes_used_up"}),
    advise=advise,
    platform=PlatformText("Make room before volumes are full", "are full or fill up"),
)
