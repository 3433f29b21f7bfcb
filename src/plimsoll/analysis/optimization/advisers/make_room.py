"""Clean or extend a volume before it is full."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found

_TARGET_PCT = 70.0


def advise(case: Case, found: Found) -> Advice | None:
    """What has to go, or be added, to be at 70 % again."""
    size = case.resource.storage_bytes
    over = max(found.observed - _TARGET_PCT, 5.0)
    amount = f"{over / 100 * size / 1e12:.1f} TB" if size else f"{over:.0f} points"
    soon = found.rule != "volume_filling" or found.weight >= 85
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high" if soon else "medium",
        title=f"Make room on {case.resource.name}: delete or add {amount}",
        description=f"{found.description}: {found.impact}. What to delete first: old checkpoints and scratch files.",
    )


ADVISER = Adviser("make_room", frozenset({"volume_filling", "volume_full", "inodes_used_up"}), advise)
