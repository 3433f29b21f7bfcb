"""Where this project's lake is, as the config has it: here, in a shared store, or behind a service."""

from pathlib import Path

from plimsoll.collectors.host import host_name
from plimsoll.config import Config
from plimsoll.config.engine import Machine
from plimsoll.lake import CollectorLake, Lake, SharedLake, Spool, host_slug
from plimsoll.lake.settings import SharedPlace
from plimsoll.lake.stores import opened
from plimsoll.shipping.destinations import Destination, ToStore
from plimsoll.shipping.settings import Ship

_MB = 1_000_000


def lake_of(config: Config, data: Path) -> Lake:
    """The lake to append to and to read; nothing is asked of a network yet."""
    place, spool = config.get("lake", SharedPlace), spool_of(config, data)
    if spool is None:
        return Lake(data / "lake", allow_network_fs=place.allow_network_fs)
    if place.uri:
        store = opened(place.uri, endpoint=place.endpoint, region=place.region)
        return SharedLake(data / "shared", store, spool, cache_bytes=place.cache_mb * _MB)
    return CollectorLake(data / "lake", spool, config.get("ship", Ship).to)


def spool_of(config: Config, data: Path) -> Spool | None:
    """What waits to be shipped; None where the lake is here."""
    ship, place, machine = config.get("ship", Ship), config.get("lake", SharedPlace), config.get("machine", Machine)
    if not (ship.to or place.uri):
        return None
    return Spool(data / "spool", host=host_slug(machine.id or host_name()), most_bytes=ship.spool_mb * _MB)


def way_of(config: Config) -> Destination | None:
    """The way out of the spool; None where the lake is here."""
    ship, place = config.get("ship", Ship), config.get("lake", SharedPlace)
    if ship.to:
        from plimsoll.shipping.service import ToService

        return ToService(ship.to, ship.token_env, ship.ca)
    return ToStore(opened(place.uri, endpoint=place.endpoint, region=place.region)) if place.uri else None


def only_collects(config: Config) -> bool:
    """Whether the config makes this a host that only collects: it says so, or there is no lake that it can read."""
    ship = config.get("ship", Ship)
    return ship.collect_only or (bool(ship.to) and not config.get("lake", SharedPlace).uri)
