"""`[ship]`: where a host's readings go."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from plimsoll.config import Duration, Section


def _service(text: str) -> str:
    """A token travels with each segment, so beyond this machine it has to be https."""
    parts = urlsplit(text)
    if not text:
        return text
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("holds more than an address; the token comes from the variable that token_env names")
    if parts.scheme == "https" and parts.hostname:
        return text.rstrip("/")
    if parts.scheme == "http" and parts.hostname and _local(parts.hostname):
        return text.rstrip("/")
    raise ValueError("is not an address of a service; write https://HOST:PORT (http only to this machine itself)")


def _local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Ship(Section):
    """`[ship]`: readings wait in data/spool and go from there; without it, and without [lake] uri, the lake is here."""

    to: Annotated[str, AfterValidator(_service)] = Field(
        "", description="a Plimsoll service that takes segments; empty: the store of [lake] uri, if there is one"
    )
    token_env: str = Field(
        "PLIMSOLL_SHIP_TOKEN", description="the environment variable that holds the token, of scope ship:HOST"
    )
    ca: str = Field("", description="a PEM file: who may vouch for the service; empty: the system's list")
    every: Annotated[Duration, Field(ge=10, le=86_400)] = Field(
        "1m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how often what waits is shipped; longer means fewer and larger segments",
    )
    spool_mb: int = Field(
        4_096,
        ge=10,
        le=10_000_000,
        description="how much may wait; then nothing more is accepted until some is gone",
    )
    collect_only: bool = Field(
        False, description="true: this host only collects and ships, as with: plimsoll up --collect-only"
    )
