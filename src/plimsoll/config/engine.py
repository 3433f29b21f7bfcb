"""The settings of the engine itself; each room's own settings stand beside their use."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field

from plimsoll.config import Duration, Section
from plimsoll.errors import PlimsollError
from plimsoll.tables import MAX_NAME_CHARS, RESOURCE_TYPES


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        if not available_timezones():
            raise ValueError("has no data on this machine; install the Python package tzdata") from error
        raise ValueError('is not a time zone; write a name such as "UTC" or "Europe/Berlin"') from error
    return name


def _resource_type(name: str) -> str:
    if name not in RESOURCE_TYPES:
        raise ValueError(f"is not a resource type; use one of: {', '.join(RESOURCE_TYPES)}")
    return name


def _printable(name: str) -> str:
    if not name.isprintable() or len(name) > MAX_NAME_CHARS:
        raise ValueError(f"must be at most {MAX_NAME_CHARS} printable characters")
    return name


Name = Annotated[str, AfterValidator(_printable)]
ResourceType = Annotated[str, AfterValidator(_resource_type)]


class Plimsoll(Section):
    """`[plimsoll]`: what marks a folder as a project."""

    name: Name = Field("this machine", description="what the fleet is called in reports and mail")
    timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="the zone of windows and printed times")


class Machine(Section):
    """`[machine]`: the machine that Plimsoll runs on, as a resource."""

    id: Name = Field("", description="its stable id; empty: the host name")
    name: Name = Field("", description="what people call it; empty: its id")
    type: ResourceType = Field("cluster", description="cluster, endpoint, training, ai-service, storage or network")
    region: Name = Field("", description="where it is; empty: unknown")
    labels: dict[str, str] = Field(default_factory=dict[str, str], description="attributes such as owner and group")
    price_usd_per_h: float | None = Field(None, ge=0, description="what an hour of it costs; absent: not known")


class Collect(Section):
    """`[collect]`: how often the sources are read."""

    every: Annotated[Duration, Field(ge=1, le=3600)] = Field(
        "30s",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="seconds between two readings of a source",
    )
    names_per_target: int = Field(
        20_000,
        ge=100,
        le=10_000_000,
        description="resources and devices that one address may name within [silence] unseen; more are refused",
    )


class Documents(Section):
    """`[documents]`: limits of what one document may hold."""

    point_budget: int = Field(2_000_000, ge=1_000, le=100_000_000, description="values in one document")
    alert_lookback: Annotated[Duration, Field(ge=0, le=30 * 86400)] = Field(
        "24h",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how far before the window the beginning of an alert is looked for",
    )


class Scheduler(Section):
    """`[schedule]`: how `plimsoll up` and `plimsoll tick` carry out what is due."""

    catch_up: Annotated[Duration, Field(ge=3600, le=366 * 86400)] = Field(
        "14d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="after a pause, windows that were due this far back are made; older ones are noted as skipped",
    )
    attempts: int = Field(2, ge=1, le=10, description="how often a failing window is tried")
    retry_after: Annotated[Duration, Field(ge=1, le=86400)] = Field(
        "1m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how long after a failure the next attempt begins",
    )
    deadline: Annotated[Duration, Field(ge=1, le=86400)] = Field(
        "30m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="a run that takes longer is ended",
    )
    memory_limit_mb: int = Field(4096, ge=128, le=1_000_000, description="a run that holds more memory is ended")


class ZoneDataMissingError(PlimsollError):
    """The machine has no time zone data."""


def zone(name: str) -> ZoneInfo:
    """A time zone by name; on a machine without zone data the error names the package to install."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise ZoneDataMissingError(f"no data for time zone {name}; install the Python package tzdata") from error


class Serve(Section):
    """`[serve]`: the HTTP service; it reads, and takes segments of hosts that ship."""

    host: str = Field("127.0.0.1", description="the address to listen on; beyond this machine it wants a token and TLS")
    port: int = Field(8080, ge=1, le=65_535, description="the port to listen on")
    hosts: tuple[str, ...] = Field(
        (), description="names under which it may be asked for, beside localhost; anything else is refused"
    )
    tls_certificate: str = Field("", description="a PEM file; needed, with the key, to listen beyond this machine")
    tls_key: str = Field("", description="the key's PEM file")
    behind_proxy: bool = Field(False, description="a proxy before it does TLS; tokens are then always needed")
    signed_in_for: Annotated[Duration, Field(ge=60, le=30 * 86400)] = Field(
        "12h",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how long a browser that gave a token is let in by its cookie",
    )
    requests_per_minute: int = Field(240, ge=1, le=100_000, description="of one token or address")
    wrong_tokens_per_minute: int = Field(20, ge=1, le=100_000, description="of one address, before it has to wait")
    names_per_host: int = Field(
        50_000,
        ge=100,
        le=10_000_000,
        description="resources and devices that one host may ship within [silence] unseen; more are refused",
    )
    connections: int = Field(256, ge=8, le=65_536, description="open at a time; the longest waiting one gives way")
    connections_per_address: int = Field(
        64, ge=4, le=65_536, description="of one address (not behind a proxy, where all come from one)"
    )
    max_concurrent_documents: int = Field(
        2, ge=1, le=64, description="documents computed at the same time; others wait, then 503"
    )
    deadline_s: float = Field(20.0, ge=1, le=600, description="how long an answer may take; its process is then ended")
    memory_limit_mib: int = Field(4096, ge=256, description="how much memory an answer may take")
