"""Findings of one cause: joined by onset and by a tie that is known, or by a share that chance does not give.

* one resource: findings that overlap;
* one machine or part, or one that needs the other: onsets within an hour;
* one owner, region and type (or fewer of these): onsets within three quarters of an hour, on more members than the
  group's usual rate explains (binomial tail below a thousandth);
* time alone: a fifth of the fleet, or what chance gives once in a hundred thousand times.

What begins while an incident of three or more goes on, in the group that the incident is about, belongs to it.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from plimsoll.analysis.anomalies.contract import Finding
from plimsoll.analysis.incidents.causes import needed
from plimsoll.analysis.incidents.contract import Place, place_of

NEAR: Final = timedelta(hours=1)
TOGETHER: Final = timedelta(minutes=45)
LATEST: Final = timedelta(hours=6)
LEAST_LIKELY: Final = 1e-3
_BY_TIME_ALONE: Final = 1e-5
_FLEET_SHARE: Final = 0.2
_FEWEST: Final = 3
_TERMS: Final = 60
_Key = Callable[[Place], tuple[str, ...]]
_GROUPS: Final[tuple[tuple[str, _Key], ...]] = (
    ("owner, region and type", lambda of: (of.owner, of.region, of.type) if of.owner else ()),
    ("owner", lambda of: (of.owner,)),
    ("region and type", lambda of: (of.region, of.type) if of.region else ()),
    ("type", lambda of: (of.type,)),
    ("region", lambda of: (of.region,)),
)


class _Joined:
    """Which findings belong together, and the strongest tie that joined them."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._tie = [""] * count

    def root(self, n: int) -> int:
        while self._parent[n] != n:
            self._parent[n] = self._parent[self._parent[n]]
            n = self._parent[n]
        return n

    def join(self, a: int, b: int, tie: str) -> None:
        a, b = sorted((self.root(a), self.root(b)))
        if a != b:
            self._parent[b] = a
            self._tie[a] = self._tie[a] or self._tie[b] or tie

    def groups(self) -> list[tuple[list[int], str]]:
        found: dict[int, list[int]] = {}
        for n in range(len(self._parent)):
            found.setdefault(self.root(n), []).append(n)
        return [(members, self._tie[root]) for root, members in found.items()]


def grouped(
    found: Sequence[Finding], places: Mapping[str, Place], *, since: datetime, until: datetime
) -> list[tuple[list[Finding], str]]:
    """(members in order of onset, what joined them) of each incident; `since` is where findings were looked for from.

    `places` are all resources that were looked at: shares are shares of them.
    """
    ordered = sorted(found, key=lambda one: (one.start, one.resource_id, one.detector, one.metric))
    joined = _Joined(len(ordered))
    _by_resource(ordered, joined, until)
    _by_place(ordered, places, joined)
    _by_need(ordered, places, joined)
    windows = max(1.0, (until - since) / TOGETHER)
    for name, key in _GROUPS:
        members: dict[tuple[str, ...], list[int]] = {}
        for n, one in enumerate(ordered):
            members.setdefault(key(place_of(places, one.resource_id)), []).append(n)
        sizes: dict[tuple[str, ...], int] = {}
        for place in places.values():
            sizes[key(place)] = sizes.get(key(place), 0) + 1
        for of, onsets in members.items():
            if any(of):
                _by_chance(ordered, onsets, max(sizes.get(of, 0), 1), windows, joined, f"the same {name}")
    everyone = max(len(places), len({one.resource_id for one in ordered}), 1)
    _by_chance(ordered, list(range(len(ordered))), everyone, windows, joined, "")
    _late(ordered, places, joined, until)
    return [([ordered[n] for n in group], tie) for group, tie in joined.groups()]


def _by_resource(ordered: Sequence[Finding], joined: _Joined, until: datetime) -> None:
    """Overlapping findings of one resource."""
    last: dict[str, tuple[int, datetime]] = {}
    for n, one in enumerate(ordered):
        before = last.get(one.resource_id)
        end = one.end or until
        if before is not None and one.start <= before[1]:
            joined.join(before[0], n, "the same resource")
            end = max(end, before[1])
        last[one.resource_id] = n, end


def _by_place(ordered: Sequence[Finding], places: Mapping[str, Place], joined: _Joined) -> None:
    last: dict[tuple[str, str], int] = {}
    for n, one in enumerate(ordered):
        for place in place_of(places, one.resource_id).on:
            before = last.get(place)
            if before is not None and one.start - ordered[before].start <= NEAR:
                joined.join(before, n, f"the same {place[0]}")
            last[place] = n


def _by_need(ordered: Sequence[Finding], places: Mapping[str, Place], joined: _Joined) -> None:
    of: dict[str, list[int]] = {}
    for n, one in enumerate(ordered):
        of.setdefault(one.resource_id, []).append(n)
    for name, mine in of.items():
        for other in sorted(needed(places, name) & of.keys()):
            for n in mine:
                for m in of[other]:
                    if abs(ordered[n].start - ordered[m].start) <= NEAR:
                        joined.join(n, m, "one needs the other")


def _by_chance(
    ordered: Sequence[Finding], onsets: Sequence[int], size: int, windows: float, joined: _Joined, tie: str
) -> None:
    """Joins the onsets of a group that lie closer together, and on more resources, than its usual rate explains.

    Without a `tie` only time joins them: a share of the fleet, or less than chance gives in the life of a fleet.
    """
    last = 0
    for at, first in enumerate(onsets):
        last = max(last, at)
        while last + 1 < len(onsets) and ordered[onsets[last + 1]].start - ordered[first].start <= TOGETHER:
            last += 1
        inside = onsets[at : last + 1]
        resources = {ordered[n].resource_id for n in inside}
        if len(resources) < 2:
            continue
        usual = (len(onsets) - len(inside) + 1) / (max(size, len(resources)) * windows)
        chance = tail(len(resources), max(size, len(resources)), min(usual, 0.5))
        if tie or (len(resources) >= _FEWEST and len(resources) >= _FLEET_SHARE * size):
            together = chance < LEAST_LIKELY
        else:
            together = chance < _BY_TIME_ALONE
        if together:
            for n in inside[1:]:
                joined.join(inside[0], n, tie or "the same time")


def tail(least: int, of: int, share: float) -> float:
    """The chance of `least` or more among `of`, each with the same chance.

    >>> round(tail(1, 2, 0.5), 3), round(tail(2, 2, 0.5), 3)
    (0.75, 0.25)
    """
    yes, no = math.log(share), math.log1p(-share)
    ways = (
        math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * yes + (of - k) * no
        for k in range(least, min(of, least + _TERMS) + 1)
    )
    return min(1.0, sum(map(math.exp, ways)))


def _late(ordered: Sequence[Finding], places: Mapping[str, Place], joined: _Joined, until: datetime) -> None:
    """What begins while an incident of three or more resources goes on, and shares with all of them what they share."""
    wide = [members for members, _ in joined.groups() if len({ordered[n].resource_id for n in members}) >= _FEWEST]
    for members in wide:
        start = ordered[members[0]].start
        end = min(max(ordered[n].end or until for n in members), start + LATEST)
        shared = _shared(place_of(places, ordered[n].resource_id) for n in members)
        if not any(shared):
            continue
        for n, one in enumerate(ordered):
            if start < one.start <= end and _like(place_of(places, one.resource_id), shared):
                joined.join(members[0], n, "")


def _shared(of: Iterable[Place]) -> tuple[str, str, str]:
    """The type, region and owner of all; empty where they differ."""
    kinds = [(one.type, one.region, one.owner) for one in of]
    type_, region, owner = (column[0] if len(set(column)) == 1 else "" for column in zip(*kinds, strict=True))
    return type_, region, owner


def _like(place: Place, shared: tuple[str, str, str]) -> bool:
    return all(
        not wanted or wanted == own for wanted, own in zip(shared, (place.type, place.region, place.owner), strict=True)
    )
