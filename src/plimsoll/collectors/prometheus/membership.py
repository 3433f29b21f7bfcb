"""Which addresses a scraper has: those of the config for ever, those of lists for as long as a list names them.

A target that leaves its list has gone: nothing is expected of its resources any more, unless another address speaks of
them. A list that cannot be read changes nothing: what it named before is read on, also over a restart.
"""

from collections.abc import Callable, Iterable, Mapping
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
        for one in new:
            self._come(name, target, one, now, made)
        for url in sorted(gone):
            self._go(self.addresses.pop(url), now, made)
        if first and ok:
            self._gone_meanwhile(name, found, now, made)
        changed = f"{len(new)} targets came, {len(gone)} went" if new or gone else ""
        if changed or not ok or name in self._failing:
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

    def _go(self, gone: Address, now: datetime, made: Reading) -> None:
        self._discovered.discard(gone.url)
        self._end(gone.name, gone.target, gone.ids, now, made)

    def _end(self, name: str, target: Target, ids: Iterable[str], now: datetime, made: Reading) -> None:
        """Nothing is expected of resources any more that no other address of the target speaks of."""
        others = {known for one in self.addresses.values() if one.name == name for known in one.ids}
        made.resources.extend(
            _row(resource_id, target, f"target.{name}", now) for resource_id in sorted(set(ids) - others)
        )

    def _gone_meanwhile(self, name: str, found: Mapping[str, Found], now: datetime, made: Reading) -> None:
        """Those that left while nothing was collected."""
        for url, known in sorted(self._before.get(name, {}).items()):
            if url not in found:
                self._end(name, self.targets[name], known.ids, now, made)

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
            for url, (labels, ids) in urls.items() if name in self.targets and isinstance(urls, dict) else ():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
                self._before.setdefault(name, {})[str(url)] = _Known(dict(labels), list(ids))  # pyright: ignore[reportUnknownArgumentType]


def _row(resource_id: str, target: Target, source: str, now: datetime) -> Row:
    return {
        "ts": now,
        "resource_id": resource_id,
        "source": source,
        "name": resource_id,
        "type": target.type,
        "interval_s": None,
    }
