"""Clean or extend a volume before it is full."""

from plimsoll.analysis.advice.commands import shell_quote
from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText
from plimsoll.analysis.advice.plan import Plan
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.bottlenecks.expressions.hourly import LastHour
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

TARGET_PCT, LEAST_FREED = 70.0, 5.0
_BAND = 0.3
_LOOK_H = 72.0
_SPACE = "storage_utilization_pct"


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """What brings it to 70 %, deleted or added, and how long that lasts at the pace of the last days."""
    soon = bottleneck.rule != "volume_filling" or bottleneck.weight >= 85
    if bottleneck.metric != _SPACE:
        return _files(window, bottleneck)
    now = LastHour(_SPACE, "min", _LOOK_H)
    used, pace, size = now.value(window), bottleneck.pace_per_day, window.resource.storage_bytes
    target = min(TARGET_PCT, used - LEAST_FREED)
    if not target > 0:
        return None
    plan, days = _plan(used, target, pace, size), (used - target) / pace if pace else None
    return Advice(
        priority="high" if soon else "medium",
        title=f"Make room on {window.resource.name}: {_choice(used, target, size)}",
        description=f"{bottleneck.description}: {bottleneck.impact}. Either brings it from {used:.0f} to {target:.0f} "
        f"% used; {plan.until}. What to delete first: old checkpoints and scratch files.",
        changes={} if size is None else _larger(window, plan.to),
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
        plan=plan,
        inputs={"used now": now},
    )


def _files(window: ResourceWindow, bottleneck: Bottleneck) -> Advice:
    """Inodes are no bytes: more space has no more of them to give."""
    return Advice(
        priority="high",
        title=f"Make room for files on {window.resource.name}: delete or pack small ones",
        description=f"{bottleneck.description}: {bottleneck.impact}. More space does not help; {TARGET_PCT:.0f} % is "
        f"reached when {max(bottleneck.observed - TARGET_PCT, LEAST_FREED):.0f} of 100 files' places are free again.",
    )


def _plan(used: float, target: float, pace: float | None, size: float | None) -> Plan:
    lasts = f"at this pace it is full again in {(100 - target) / pace:.0f} days" if pace else "its pace is not known"
    return Plan(
        what="size of the volume",
        start=size if size is not None else 100.0,
        to=(size if size is not None else 100.0) * used / target,
        unit="bytes" if size is not None else "% of its size",
        until=lasts,
        why=f"{used:.0f} % used of the size now are {target:.0f} % of the size then",
    )


def _choice(used: float, target: float, size: float | None) -> str:
    """Both ways to the same level: what has to go, what has to come."""
    if size is None:
        return f"delete {used - target:.0f} points, or make it {100 * (used / target - 1):.0f} % larger"
    return f"delete {_bytes(size * (used - target) / 100)}, or add {_bytes(size * (used / target - 1))}"


def _bytes(amount: float) -> str:
    return f"{amount / 1e12:.1f} TB" if amount >= 1e11 else f"{amount / 1e9:.0f} GB"


def _larger(window: ResourceWindow, size: float) -> dict[str, str]:
    """The claim of a volume at another size; its id is taken for the claim's name."""
    patch = f'{{"spec":{{"resources":{{"requests":{{"storage":"{size / 2**30:.0f}Gi"}}}}}}}}'
    return {"kubernetes": f"kubectl patch pvc {shell_quote(window.resource.resource_id)} --patch {shell_quote(patch)}"}


ADVISER = Adviser(
    name="make_room",
    answers=frozenset({"volume_filling", "volume_full", "inodes_used_up"}),
    advise=advise,
    platform=PlatformText("Make room before volumes are full", "are full or fill up"),
    wants=Preconditions(acts_on=frozenset({"volume", "node"})),
)
