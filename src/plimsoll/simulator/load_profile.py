"""How busy each member is: a daily and a weekly rhythm of its own, with noise that does not jump at midnight.

All chance is counter-based (Philox, keyed by seed, member and day): a day is the same whatever was asked for before.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from plimsoll.simulator.members import Member

Array = npt.NDArray[np.float64]
_DAYS_A_WEEK = 7
_HUMAN = ("endpoint", "ai-service", "network")


def chance(seed: int, member: Member, day: int, purpose: int) -> np.random.Generator:
    """The member's own chance on one day (days since the epoch) for one purpose."""
    return np.random.Generator(np.random.Philox(key=[seed, member.key], counter=[0, 0, purpose, day]))


def loads(members: Sequence[Member], *, seed: int, day: int, steps: int) -> Array:
    """Load of each member in 0..1 at each step of one day: (members, steps)."""
    hours = np.arange(steps) * 24 / steps
    return np.stack([_load(member, seed, day, hours) for member in members])


def _load(member: Member, seed: int, day: int, hours: Array) -> Array:
    own = chance(seed, member, 0, 1)
    base, depth, peak = own.uniform(0.32, 0.52), own.uniform(0.08, 0.2), own.uniform(12.0, 18.0)
    human = member.type in _HUMAN
    depth = depth if human else depth * 0.5
    weekend = (0.75 if human else 0.92) if _weekday(day) >= 5 else 1.0
    daily = depth * np.cos((hours - peak) * 2 * np.pi / 24) + depth * 0.25 * np.cos((hours - peak) * 4 * np.pi / 24)
    level = base + (0.12 if member.type == "training" else 0.0)
    drift = _drift(member, seed, day, hours)
    white = chance(seed, member, day, 3).normal(0.0, 0.012, hours.size)
    load: Array = np.clip((level + daily) * weekend + drift + white, 0.02, 0.88)
    return load


def _drift(member: Member, seed: int, day: int, hours: Array) -> Array:
    """Slow wander between hourly knots; the last knot of a day is the first of the next."""
    knots = chance(seed, member, day, 2).normal(0.0, 0.03, 24)
    following = chance(seed, member, day + 1, 2).normal(0.0, 0.03, 24)[:1]
    wander: Array = np.interp(hours, np.arange(25.0), np.concatenate([knots, following]))
    return wander


def _weekday(day: int) -> int:
    """0 is Monday; 1970-01-01 was a Thursday."""
    return (day + 3) % _DAYS_A_WEEK
