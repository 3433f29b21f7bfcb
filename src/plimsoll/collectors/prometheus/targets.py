"""The scraping reader: many targets at once, each in its own time; one that is slow costs only its own slot."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import httpx2

from plimsoll.collectors.contract import Reading
from plimsoll.collectors.counter_state import boot_id, counters, recalled
from plimsoll.collectors.prometheus import fetch
from plimsoll.collectors.prometheus.address import Address, scrape
from plimsoll.collectors.prometheus.discovery import DiscoveryError, Found, Listed, listed
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.membership import Membership
from plimsoll.collectors.prometheus.names import Names
from plimsoll.collectors.prometheus.naming import FIELD, ResourceIdTemplate
from plimsoll.collectors.prometheus.settings import Target, credentials_of
from plimsoll.errors import BadParameter

MOST_AT_ONCE: Final = 64
MOST_NAMES: Final = 20_000
UNSEEN: Final = timedelta(days=7)
_WAIT_SHARE: Final = 0.3
_LONGEST_WAIT_S: Final = 5.0
_FEW: Final = 8
_SPREAD_SHARE: Final = 0.1
_LONGEST_SPREAD_S: Final = 2.0
_LISTS: Final = "lists"


class Scraper:
    """Reads every address once a round; what is not done in time is handed over with the next one."""

    def __init__(
        self,
        targets: Mapping[str, Target],
        *,
        interval_s: float,
        own: Path | None = None,
        most_names: int = MOST_NAMES,
        unseen: timedelta = UNSEEN,
    ) -> None:
        self._make = AddressMaker(targets, interval_s=interval_s, own=own, most_names=most_names, unseen=unseen)
        static = self._make.static()
        self._members = Membership({one.url: one for one in static}, targets, self._make)
        self._root = own.parent if own else Path()
        self._interval_s = interval_s
        listing = any(target.discovers for target in targets.values())
        most = MOST_AT_ONCE if listing else min(MOST_AT_ONCE, max(1, len(static)))
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="scrape")
        self._running: dict[str, Future[Reading]] = {}
        self._looking: dict[str, Future[tuple[Listed | DiscoveryError, float]]] = {}
        self._counters: dict[str, Any] = {}
        self._wait_s = min(_LONGEST_WAIT_S, _WAIT_SHARE * interval_s)

    @property
    def _addresses(self) -> list[Address]:
        return sorted(self._members.addresses.values(), key=lambda one: one.turn)

    def read(self, now: datetime, monotonic: float) -> Reading:
        """One round. Its rows carry the instant at which each target answered."""
        offset_s = now.timestamp() - time.time()  # the caller's clock, also where a test owns it
        whole = self._discovered(now, monotonic)
        all_ = self._addresses
        spread_s = min(_LONGEST_SPREAD_S, _SPREAD_SHARE * self._interval_s) if len(all_) > _FEW else 0.0
        for one in all_:
            if one.url not in self._running:
                start_s = time.monotonic() + spread_s * one.turn
                self._running[one.url] = self._pool.submit(_in_turn, one, offset_s, start_s)
        wait(self._running.values(), timeout=self._wait_s)
        for url in [url for url, running in self._running.items() if running.done()]:
            came = self._running.pop(url).result()
            if url not in self._members.addresses:
                continue  # it has gone meanwhile
            whole.samples.extend(came.samples)
            whole.collections.extend(came.collections)
            whole.resources.extend(came.resources)
        return whole

    def _discovered(self, now: datetime, monotonic: float) -> Reading:
        """Looks at the lists that are due; only the very first look is waited for."""
        members = self._members
        for name in members.due(monotonic):
            if name not in self._looking:
                self._looking[name] = self._pool.submit(self._look, name)
        if self._looking and members.first_look:
            wait(self._looking.values(), timeout=self._wait_s)
        whole = Reading()
        for name in [name for name, looking in self._looking.items() if looking.done()]:
            made = members.take(name, *self._looking.pop(name).result(), now=now)
            whole.resources.extend(made.resources)
            whole.collections.extend(made.collections)
            for one in members.addresses.values():
                if one.url in self._counters:
                    _recall(one, self._counters.pop(one.url))
        return whole

    def _look(self, name: str) -> tuple[Listed | DiscoveryError, float]:
        began, target = time.monotonic(), self._make.targets[name]
        try:
            client = self._make.client(name)
            found: Listed | DiscoveryError = listed(target, self._root, client, credentials_of(target), target.refresh)
        except DiscoveryError as error:
            found = error
        return found, time.monotonic() - began

    def memory(self) -> dict[str, Any]:
        """The counters of every address that is not being read just now, and what the lists named."""
        idle = [one for one in self._addresses if one.url not in self._running]
        known = self._members.memory()
        return {
            **{one.url: {**counters(one.mapper.rates.remembered()), "codes": one.mapper.counted_codes} for one in idle},
            **({_LISTS: known} if known else {}),
        }

    def recall(self, memory: Any) -> None:  # noqa: ANN401 - it comes from a file
        """The counters of the run before."""
        known = cast("dict[str, Any]", memory) if isinstance(memory, dict) else {}
        self._members.recall(known.get(_LISTS))
        self._counters = {url: one for url, one in known.items() if url not in (_LISTS, *self._members.addresses)}
        for one in self._addresses:
            _recall(one, known.get(one.url))

    def close(self) -> None:
        """Waits for what is under way: it ends by its own deadline."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._make.close()


def _recall(one: Address, memory: object) -> None:
    """What an address knew in the run before; it comes from a file."""
    one.mapper.rates.recall(recalled(memory))
    known = cast("dict[str, Any]", memory) if isinstance(memory, dict) else {}
    codes = known.get("codes") if known.get("boot") == boot_id() else None
    with suppress(TypeError, ValueError):  # of another shape: as if nothing was known
        one.mapper.recall_codes((tuple(map(str, key)), float(value)) for key, value in codes or ())


class AddressMaker:
    """Makes addresses of targets; those of one target share their mapping and their connections."""

    def __init__(
        self,
        targets: Mapping[str, Target],
        *,
        interval_s: float,
        own: Path | None = None,
        most_names: int = MOST_NAMES,
        unseen: timedelta = UNSEEN,
    ) -> None:
        self.targets = targets
        self._interval_s = interval_s
        self._names = partial(Names, most_names, unseen)
        self._tables = {name: load(target.mapping, own) for name, target in sorted(targets.items())}
        self._clients: dict[str, httpx2.Client] = {}

    def client(self, name: str) -> httpx2.Client:
        """The connections of a target."""
        if name not in self._clients:
            target = self.targets[name]
            made = fetch.client(ca=target.ca, certificate=target.certificate, key=target.key, most=MOST_AT_ONCE)
            self._clients[name] = made
        return self._clients[name]

    def __call__(self, name: str, target: Target, found: Found) -> Address:
        """One address."""
        table, interval_s, url = self._tables[name], self._interval_s, found.url
        namer = ResourceIdTemplate(name, url, target.resource, found.labels)
        mapper = Mapper(table, interval_s=interval_s, resource_of=namer, keeps=_fields(target), apart=namer.labels)
        also = ResourceIdTemplate(name, url, target.second_resource, found.labels)
        second = (
            Mapper(table, interval_s=interval_s, resource_of=also, apart=also.labels)
            if target.second_resource
            else None
        )
        return Address(
            name,
            url,
            target,
            table,
            self.client(name),
            mapper,
            interval_s,
            self._names(),
            second,
            given=found.labels,
            declared=namer({}),
        )

    def static(self) -> list[Address]:
        """Every address that the config itself names; two that are the same are one mistake."""
        found: dict[str, Address] = {}
        for name, target in sorted(self.targets.items()):
            for url in target.addresses:
                if url in found:
                    why = f"is scraped by targets.{found[url].name} already"
                    raise BadParameter(f"targets.{name}.urls", url, why=why)
                found[url] = self(name, target, Found(url))
        return sorted(found.values(), key=lambda one: one.turn)

    def close(self) -> None:
        """Closes the connections."""
        for client in self._clients.values():
            client.close()


def _in_turn(address: Address, offset_s: float, start_s: float) -> Reading:
    """Waits for its turn: many targets are not asked in the same instant."""
    time.sleep(max(0.0, start_s - time.monotonic()))
    return scrape(address, offset_s)


def _fields(target: Target) -> frozenset[str]:
    """The labels that the region and the attributes are made from."""
    return frozenset(name for text in (target.region, *target.labels.values()) for name in FIELD.findall(text))
