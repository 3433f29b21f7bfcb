"""Which addresses a scraper has: those of the config for ever, those of lists for as long as a list names them.

A target that leaves its list has gone: nothing is expected of its resources any more, unless another address speaks of
them. A list that cannot be read changes nothing: what it named before is read on, also over a restart.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from plimsoll.collectors.contract import Reading, Row, collection_row
from plimsoll.collectors.prometheus.address import Address
from plimsoll.collectors.prometheus.discovery import DiscoveryError, Found, Listed
from plimsoll.collectors.prometheus.settings import Target
from plimsoll.fleet.resources import DECLARED

SOURCE: Final = "discovery"
Make = Callable[[str, Target, Found], Address]


@dataclass(slots=True)
class _Known:
    """What the run before knew of one address of a list."""

    labels: dict[str, str]
    ids: list[str]


@dataclass(slots=True)
class Membership:
    """The addresses by url; `make` makes one of a name in a list."""

    addresses: dict[str, Address]
    targets: Mapping[str, Target]
    make: Make
    _due_s: dict[str, float] = field(default_factory=dict[str, float])
    _before: dict[str, dict[str, _Known]] = field(default_factory=dict[str, dict[str, _Known]])
    _listed: set[str] = field(default_factory=set[str])
    _failing: set[str] = field(default_factory=set[str])
    _discovered: set[str] = field(default_factory=set[str])

    def due(self, monotonic: float) -> list[str]:
        """The targets whose lists are to be looked at now; each is due again after its `refresh`."""
        found = [
            name
            for name, target in sorted(self.targets.items())
            if target.discovers and monotonic >= self._due_s.get(name, float("-inf"))
        ]
        self._due_s |= {name: monotonic + self.targets[name].refresh for name in found}
        return found

    @property
    def first_look(self) -> bool:
        """Whether some list has not been looked at yet."""
        return any(target.discovers and name not in self._listed for name, target in self.targets.items())

    def take(self, name: str, listed: Listed | DiscoveryError, took_s: float, *, now: datetime) -> Reading:
        """What a look at a target's lists changes, as rows: who has come, who has gone, and what was wrong."""
        target, made = self.targets[name], Reading()
        first = name not in self._listed
        self._listed.add(name)
        mine = {url for url, one in self.addresses.items() if one.name == name and url in self._discovered}
        if isinstance(listed, DiscoveryError):
            before = self._before.get(name, {}) if first else {}
            found = {url: Found(url, known.labels) for url, known in before.items()}
            gone: set[str] = set()
            reason: str | None = f"{listed}; the {len(mine) + len(found)} targets known before are read on"
            ok = False
        else:
            found = listed.found
            gone = mine - found.keys()
            reason, ok = listed.reason, not listed.refused
        new = [one for url, one in found.items() if url not in self.addresses]
        twice = sum(url in self.addresses and self.addresses[url].name != name for url in found)
        if twice:
            reason = "; ".join(part for part in (reason, f"{twice} are scraped by another target already") if part)
        for one in new:
            self._come(name, target, one, now, made)
        left = {known for url in gone for known in self.addresses.pop(url).ids}
        self._discovered -= gone
        if first and ok:  # and who left while nothing was collected
            before = self._before.get(name, {})
            left |= {known for url, one in before.items() if url not in found for known in one.ids}
        self._end(name, target, left, now, made)
        changed = f"{len(new)} targets came, {len(gone)} went" if new or gone else ""
        if changed or twice or not ok or name in self._failing:
            said = "; ".join(part for part in (reason, changed) if part) or None
            made.collections.append(
                collection_row(
                    now, source=SOURCE, target=f"targets.{name}", ok=ok, reason=said, duration_s=took_s, rows=0
                )
            )
        (self._failing.discard if ok else self._failing.add)(name)
        return made

    def _come(self, name: str, target: Target, one: Found, now: datetime, made: Reading) -> None:
        address = self.make(name, target, one)
        self.addresses[one.url] = address
        self._discovered.add(one.url)
        if (resource_id := address.declared) is not None:
            made.resources.append(
                {**_row(resource_id, target, f"{DECLARED}target.{name}", now), "interval_s": address.interval_s}
            )

    def _end(self, name: str, target: Target, ids: set[str], now: datetime, made: Reading) -> None:
        """Nothing is expected of resources any more that no other address of the target speaks of."""
        if not ids:
            return
        others = {known for one in self.addresses.values() if one.name == name for known in one.ids}
        made.resources.extend(_row(resource_id, target, f"target.{name}", now) for resource_id in sorted(ids - others))

    def memory(self) -> dict[str, Any]:
        """What the lists named, for the next run."""
        known: dict[str, dict[str, list[Any]]] = {}
        for url in sorted(self._discovered):
            one = self.addresses[url]
            known.setdefault(one.name, {})[url] = [dict(one.given), sorted(one.ids)]
        return known

    def recall(self, memory: object) -> None:
        """What the lists named in the run before; it comes from a file."""
        for name, urls in cast("dict[str, Any]", memory).items() if isinstance(memory, dict) else ():
            with suppress(TypeError, ValueError, AttributeError):  # of another shape: as if nothing was known
                found = {str(url): _Known(dict(labels), list(map(str, ids))) for url, (labels, ids) in urls.items()}
                if name in self.targets:
                    self._before[name] = found


def _row(resource_id: str, target: Target, source: str, now: datetime) -> Row:
    return {
        "ts": now,
        "resource_id": resource_id,
        "source": source,
        "name": resource_id,
        "type": target.type,
        "interval_s": None,
    }
