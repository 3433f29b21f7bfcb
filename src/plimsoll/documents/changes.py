"""What is new, gone and worse since an earlier report: two situations as documents, held against each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

SEVERITIES: Final = ("low", "medium", "high", "critical")
_EASE: Final = {"crossing": 2.0}
"""A crossing is worse where it is nearer by more than two days beside the time that has passed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a situation: `kind` and `id` say which, `rank` how bad it is; more is worse."""

    kind: str
    id: str
    name: str
    rank: float
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Worse:
    """A thing of both situations that is worse in the later one."""

    before: Item
    now: Item


@dataclass(frozen=True, slots=True)
class Changes:
    """Each thing stands in at most one of the three; what is as it was stands in none."""

    new: Sequence[Item] = ()
    gone: Sequence[Item] = ()
    worse: Sequence[Worse] = ()

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.new or self.gone or self.worse)


def changes(before: Mapping[str, Any], now: Mapping[str, Any], *, days: float) -> Changes:
    """What changed between two situations (the details of `situation.json`), `days` apart.

    >>> alert = {"id": "perf-1", "resource": "a", "name": "a", "severity": "medium"}
    >>> found = changes({"open": [alert]}, {"open": [{**alert, "severity": "high"}]}, days=1)
    >>> (len(found.new), len(found.gone), [one.now.name for one in found.worse])
    (0, 0, ['a'])
    """
    old = {(one.kind, one.id): one for one in _items(before, passed=days)}
    present = {(one.kind, one.id): one for one in _items(now, passed=0.0)}
    return Changes(
        [one for key, one in present.items() if key not in old],
        [one for key, one in old.items() if key not in present],
        [
            Worse(old[key], one)
            for key, one in present.items()
            if key in old and one.rank > old[key].rank + _EASE.get(one.kind, 0.0)
        ],
    )


def _items(detail: Mapping[str, Any], *, passed: float) -> Iterator[Item]:
    for one in detail.get("open", ()):
        if not one.get("isSilence"):
            yield Item("alert", one["id"], one["name"], SEVERITIES.index(one["severity"]), one)
    for one in detail.get("silent", ()):
        yield Item("silent", one["id"], one["name"], 0.0, one)
    for one in detail.get("lost", ()):
        yield Item("lost", f"{one['id']} {one['metric']}", one["name"], 0.0, one)
    for one in detail.get("incidents", ()):
        yield Item("incident", one["id"], one["name"], SEVERITIES.index(one["severity"]), one)
    for one in detail.get("crossings", ()):
        yield Item("crossing", f"{one['id']} {one['metric']}", one["name"], -max(0.0, one["days"] - passed), one)
    for one in detail.get("advice", ()):
        yield Item("advice", one["id"], one["name"], 0.0, one)
