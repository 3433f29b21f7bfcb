"""One address of an exporter: what is asked of it, what it answers, and the rows that come of that."""

import json
import math
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from plimsoll.collectors.contract import Reading, Row, collection_row
from plimsoll.collectors.prometheus import fetch
from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.look import Read
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import Mapping as Table
from plimsoll.collectors.prometheus.names import Names
from plimsoll.collectors.prometheus.naming import FIELD
from plimsoll.collectors.prometheus.remarks import refuse_nothing, remarks
from plimsoll.collectors.prometheus.settings import Target, credentials_of
from plimsoll.errors import shown


@dataclass(slots=True)
class Address:
    """One exporter: its url, its settings, and the counters that are remembered between two readings.

    `given` are the labels that a list of targets gives it; `declared` is its resource's id, where the url alone tells.
    """

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
    given: Mapping[str, str] = field(default_factory=dict[str, str])
    declared: str | None = None

    @property
    def ids(self) -> set[str]:
        """The resources that it has spoken of, or is declared to."""
        return {*self.facts, *([self.declared] if self.declared else [])}

    @property
    def turn(self) -> float:
        """When in a round it is read, from 0 to 1: always the same, and another than its neighbors'."""
        return zlib.crc32(self.url.encode()) / 2**32


def _filled(text: str, labels: Mapping[str, str]) -> str:
    """A text with the labels' values in it; empty where one of them is missing."""
    if not all(labels.get(name) for name in FIELD.findall(text)):
        return ""
    return FIELD.sub(lambda match: labels[match[1]], text)


def scrape(address: Address, offset_s: float = 0.0) -> Reading:
    """One target, once; a failure is a row of `collections`."""
    began = time.monotonic()
    try:
        fetched = fetch.fetch(address.client, address.url, credentials_of(address.target))
        at_s, wall_s = time.monotonic(), time.time() + offset_s
        exposition = parse(fetched.text, fetched.content_type, address.table.wanted)
        read = address.mapper.read(exposition, at_s=at_s, wall_s=wall_s)
        refuse_nothing(address.target.mapping, exposition, read)
        also = address.second.read(exposition, at_s=at_s, wall_s=wall_s) if address.second else None
    except (FetchError, ValueError, KeyError, TypeError) as error:  # whatever a target says costs only its own slot
        now = instant(time.time() + offset_s)
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
    refused = _limited(address, read, also, instant(wall_s))
    said = remarks(address.target.mapping, address.table, exposition, read, late_s)
    if refused:
        most = address.names.most
        more = f"{refused} new names refused: [collect] names_per_target allows {most} resources and devices"
        said = f"{said}; {more}" if said else more
    made = rows(address, read, instant(wall_s), said, time.monotonic() - began)
    if also is not None:  # who that is, another source tells: a job is known by its scheduler
        made.samples.extend(_samples(also, instant(wall_s), address.target.mapping))
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
        labels = {**address.given, **read.labels.get(resource, {})}
        fact = _fact(address, resource, read.facts.get(resource, {}), labels)
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
    """What the config and the exporter say of a resource; the denominators of its utilization among it."""
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


def instant(wall_s: float) -> datetime:
    """Seconds since the epoch as the lake keeps them: to the millisecond."""
    return datetime.fromtimestamp(math.floor(wall_s * 1000) / 1000, UTC)
