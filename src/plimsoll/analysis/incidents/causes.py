"""Which member of an incident caused the others: what they need, then what began first, then what is strongest."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from plimsoll.analysis.anomalies.contract import Finding
from plimsoll.analysis.incidents.contract import Cause, Place, place_of, strength

_MOST: Final = 5


def needed(places: Mapping[str, Place], resource_id: str) -> frozenset[str]:
    """Everything that a resource needs, directly or through others; not itself, also where needs go in a circle.

    >>> needed({"a": Place(needs=frozenset("b")), "b": Place(needs=frozenset("ca"))}, "a") == frozenset("bc")
    True
    """
    found: set[str] = set()
    waiting = list(place_of(places, resource_id).needs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(place_of(places, name).needs)
    return frozenset(found - {resource_id})


def ranked(members: Sequence[Finding], places: Mapping[str, Place]) -> list[Cause]:
    """The likely causes, the likeliest first, at most five.

    A resource that needs no other member and is needed by most comes first; among equals the first to begin, then the
    strongest.
    """
    first: dict[str, Finding] = {}
    for one in sorted(members, key=lambda one: (one.start, -strength(one), one.id)):
        first.setdefault(one.resource_id, one)
    needs = {name: needed(places, name) & first.keys() for name in first}
    needed_by = {name: sum(name in of for of in needs.values()) for name in first}
    roots = {name: not needs[name] or _circular(name, needs) for name in first}
    strongest = _strongest(members)

    def key(name: str) -> tuple[bool, int, object, float, str]:
        return not roots[name], -needed_by[name], first[name].start, -strongest[name], name

    ordered = sorted(first, key=key)
    began = min(one.start for one in first.values())
    return [Cause(name, _why(needed_by[name], is_first=first[name].start == began)) for name in ordered[:_MOST]]


def _circular(name: str, needs: Mapping[str, frozenset[str]]) -> bool:
    """Whether all that a member needs needs it too: none of them stands above the others."""
    return all(name in needs[other] for other in needs[name])


def _strongest(members: Iterable[Finding]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in members:
        found[one.resource_id] = max(strength(one), found.get(one.resource_id, 0.0))
    return found


def _why(needed_by: int, *, is_first: bool) -> str:
    parts = [f"{needed_by} of the others need it"] if needed_by else []
    parts += ["it began first" if is_first else "it began later"]
    return ", ".join(parts)
