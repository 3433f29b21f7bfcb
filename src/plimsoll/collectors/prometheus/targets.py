"""The scraping reader: many targets at once, each in its own time; one that is slow costs only its own slot."""

import json
import math
import os
import time
import zlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2

from plimsoll.collectors.contract import Reading, Row, collection_row
from plimsoll.collectors.counter_state import counters, recalled
from plimsoll.collectors.prometheus import fetch
from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.look import Read
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import Mapping as Table
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.names import Names
from plimsoll.collectors.prometheus.naming import FIELD, ResourceIdTemplate
from plimsoll.collectors.prometheus.remarks import refuse_nothing, remarks
from plimsoll.collectors.prometheus.settings import Target, credentials
from plimsoll.errors import BadParameter, shown

MOST_AT_ONCE: Final = 64
MOST_NAMES: Final = 20_000
UNSEEN: Final = timedelta(days=7)
_WAIT_SHARE: Final = 0.3
_LONGEST_WAIT_S: Final = 5.0
_FEW: Final = 8
_SPREAD_SHARE: Final = 0.1
_LONGEST_SPREAD_S: Final = 2.0


@dataclass(slots=True)
class Address:
    """One exporter: its url, its settings, and the counters that are remembered between two readings."""

    name: str
    url: str
    target: Target
    table: Table
    client: httpx2.Client
    mapper: Mapper
    interval_s: float
    names: Names
    second: Mapper | None = None
    facts: dict[str, Row] = field(default_factory=dict[str, Row])

    @property
    def turn(self) -> float:
        """When in a round it is read, from 0 to 1: always the same, and another than its neighbours'."""
        return zlib.crc32(self.url.encode()) / 2**32

    def credentials(self) -> dict[str, Any]:
        """From the environment, anew each time: a rotated secret needs no restart."""
        look = os.environ.get
        return credentials(look(self.target.bearer_env), self.target.user, look(self.target.password_env))


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
        self._addresses = addresses(targets, interval_s=interval_s, own=own, most_names=most_names, unseen=unseen)
        self._spread_s = min(_LONGEST_SPREAD_S, _SPREAD_SHARE * interval_s) if len(self._addresses) > _FEW else 0.0
        self._pool = ThreadPoolExecutor(min(MOST_AT_ONCE, max(1, len(self._addresses))), thread_name_prefix="scrape")
        self._running: dict[str, Future[Reading]] = {}
        self._wait_s = min(_LONGEST_WAIT_S, _WAIT_SHARE * interval_s)

    def read(self, now: datetime, monotonic: float) -> Reading:  # noqa: ARG002 - each answer has its own instant
        """One round. Its rows carry the instant at which each target answered."""
        offset_s = now.timestamp() - time.time()  # the caller's clock, also where a test owns it
        for one in self._addresses:
            if one.url not in self._running:
                start_s = time.monotonic() + self._spread_s * one.turn
                self._running[one.url] = self._pool.submit(_in_turn, one, offset_s, start_s)
        wait(self._running.values(), timeout=self._wait_s)
        whole = Reading()
        for url in [url for url, running in self._running.items() if running.done()]:
            came = self._running.pop(url).result()
            whole.samples.extend(came.samples)
            whole.collections.extend(came.collections)
            whole.resources.extend(came.resources)
        return whole

    def memory(self) -> dict[str, Any]:
        """The counters of every address that is not being read just now."""
        idle = [one for one in self._addresses if one.url not in self._running]
        return {one.url: counters(one.mapper.rates.remembered()) for one in idle}

    def recall(self, memory: Any) -> None:  # noqa: ANN401 - it comes from a file
        """The counters of the run before."""
        for one in self._addresses:
            one.mapper.rates.recall(recalled(memory.get(one.url) if isinstance(memory, dict) else None))  # pyright: ignore[reportUnknownMemberType]

    def close(self) -> None:
        """Waits for what is under way: it ends by its own deadline."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for client in {id(one.client): one.client for one in self._addresses}.values():
            client.close()


def addresses(
    targets: Mapping[str, Target],
    *,
    interval_s: float,
    own: Path | None = None,
    most_names: int = MOST_NAMES,
    unseen: timedelta = UNSEEN,
) -> list[Address]:
    """Every address of the config; two that are the same are one mistake."""
    found: dict[str, Address] = {}
    for name, target in sorted(targets.items()):
        table = load(target.mapping, own)
        client = fetch.client(ca=target.ca, certificate=target.certificate, key=target.key, most=MOST_AT_ONCE)
        for url in target.urls:
            if url in found:
                raise BadParameter(f"targets.{name}.urls", url, why=f"is scraped by targets.{found[url].name} already")
            namer = ResourceIdTemplate(name, url, target.resource)
            mapper = Mapper(table, interval_s=interval_s, resource_of=namer, keeps=_fields(target), apart=namer.labels)
            also = ResourceIdTemplate(name, url, target.second_resource)
            second = (
                Mapper(table, interval_s=interval_s, resource_of=also, apart=also.labels)
                if target.second_resource
                else None
            )
            names = Names(most_names, unseen)
            found[url] = Address(name, url, target, table, client, mapper, interval_s, names, second)
    return sorted(found.values(), key=lambda one: one.turn)


def _in_turn(address: Address, offset_s: float, start_s: float) -> Reading:
    """Waits for its turn: many targets are not asked in the same instant."""
    time.sleep(max(0.0, start_s - time.monotonic()))
    return scrape(address, offset_s)


def _fields(target: Target) -> frozenset[str]:
    """The labels that the region and the attributes are made from."""
    return frozenset(name for text in (target.region, *target.labels.values()) for name in FIELD.findall(text))


def _filled(text: str, labels: Mapping[str, str]) -> str:
    """A text with the labels' values in it; empty where one of them is missing."""
    if not all(labels.get(name) for name in FIELD.findall(text)):
        return ""
    return FIELD.sub(lambda match: labels[match[1]], text)


def scrape(address: Address, offset_s: float = 0.0) -> Reading:
    """One target, once; a failure is a row of `collections`."""
    began = time.monotonic()
    try:
        fetched = fetch.fetch(address.client, address.url, address.credentials())
        at_s, wall_s = time.monotonic(), time.time() + offset_s
        exposition = parse(fetched.text, fetched.content_type, address.table.wanted)
        read = address.mapper.read(exposition, at_s=at_s, wall_s=wall_s)
        refuse_nothing(address.target.mapping, exposition, read)
        also = address.second.read(exposition, at_s=at_s, wall_s=wall_s) if address.second else None
    except (FetchError, ValueError, KeyError, TypeError) as error:  # whatever a target says costs only its own slot
        now = _instant(time.time() + offset_s)
        taken = time.monotonic() - began
        source = address.target.mapping
        why = (
            str(error)
            if isinstance(error, FetchError)
            else f"cannot be read: {shown(f'{type(error).__name__}: {error}')}"
        )
        row = collection_row(now, source=source, target=address.url, ok=False, reason=why, duration_s=taken, rows=0)
        return Reading(collections=[row])
    late_s = fetched.server_s - wall_s if fetched.server_s is not None else None
    refused = _limited(address, read, also, _instant(wall_s))
    said = remarks(address.target.mapping, address.table, exposition, read, late_s)
    if refused:
        most = address.names.most
        more = f"{refused} new names refused: [collect] names_per_target allows {most} resources and devices"
        said = f"{said}; {more}" if said else more
    made = rows(address, read, _instant(wall_s), said, time.monotonic() - began)
    if also is not None:  # who that is, another source tells: a job is known by its scheduler
        made.samples.extend(_samples(also, _instant(wall_s), address.target.mapping))
    return made


def _limited(address: Address, read: Read, also: Read | None, now: datetime) -> int:
    """Leaves out the readings and facts of names that are too many; gives how many names those are."""
    both = [one for one in (read, also) if one is not None]
    given = {name for one in both for name in one.readings} | {(resource, "") for resource in read.facts}
    kept = address.names.admitted(given, now)
    if len(address.facts) > address.names.most:
        known = address.names.resources()
        address.facts = {resource: fact for resource, fact in address.facts.items() if resource in known}
    if len(kept) == len(given):
        return 0
    resources = {resource for resource, _ in kept}
    for one in both:
        for name in one.readings.keys() - kept:
            del one.readings[name]
    for resource in read.facts.keys() - resources:
        del read.facts[resource]
    return len(given) - len(kept)


def rows(address: Address, read: Read, now: datetime, said: str | None, taken_s: float) -> Reading:
    """Readings as rows of the lake."""
    source = address.target.mapping
    samples = _samples(read, now, source)
    row = collection_row(
        now, source=source, target=address.url, ok=True, reason=said, duration_s=taken_s, rows=len(samples)
    )
    facts: list[Row] = []
    for resource in sorted({resource for resource, _ in read.readings} | read.facts.keys()):
        fact = _fact(address, resource, read.facts.get(resource, {}), read.labels.get(resource, {}))
        if address.facts.get(resource) != fact:
            address.facts[resource] = fact
            facts.append({"ts": now, **fact})
    return Reading(samples=samples, collections=[row], resources=facts)


def _samples(read: Read, now: datetime, source: str) -> list[Row]:
    return [
        {"ts": now, "resource_id": resource, "device": device, "source": source, **values}
        for (resource, device), values in sorted(read.readings.items())
    ]


def _fact(address: Address, resource: str, known: Mapping[str, float], labels: Mapping[str, str]) -> Row:
    """What the config and the exporter say of a resource; the denominators of its utilisation among it."""
    target = address.target
    filled = {name: value for name, text in target.labels.items() if (value := _filled(text, labels))}
    fact: Row = {
        "resource_id": resource,
        "source": f"target.{address.name}",
        "name": resource,
        "type": target.type,
        "region": _filled(target.region, labels) or None,
        "labels": json.dumps(filled, sort_keys=True) if filled else None,
        "interval_s": address.interval_s,
        "gpu_count": target.gpu_count,
        "replicas_count": target.replicas_count,
        "price_usd_per_h": target.price_usd_per_h,
    }
    return {**fact, **{name: value for name, value in known.items() if fact.get(name) is None}}


def _instant(wall_s: float) -> datetime:
    return datetime.fromtimestamp(math.floor(wall_s * 1000) / 1000, UTC)
