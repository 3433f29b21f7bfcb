"""Which address is really spoken to: a name is resolved once, its addresses are checked, and a checked one is dialled.

So no answer of a name server can lead a reader to where credentials of clouds lie, not even between check and use.
Loopback and private networks are allowed: fleets live there, and the config names them on purpose.
"""

import ipaddress
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from plimsoll.errors import PlimsollError, shown

_MOST: Final = 4
_METADATA: Final = frozenset({"fd00:ec2::254", "100.100.100.200", "192.0.0.192"})
_NOWHERE: Final = ipaddress.ip_network("0.0.0.0/8")


class DialError(PlimsollError):
    """An address that cannot be found, or is not spoken to."""


@dataclass(frozen=True, slots=True)
class ResolvedAddress:
    """One way to an address: the url with the number in it, and what keeps the name for the server and its TLS."""

    url: str
    headers: dict[str, str]
    extensions: dict[str, Any]
    resolve_s: float


def dial(url: str) -> list[ResolvedAddress]:
    """The ways to an address, in the order of the system's choice; every one of them is checked.

    >>> [way.url for way in dial("http://127.0.0.1:9100/metrics")]
    ['http://127.0.0.1:9100/metrics']
    """
    parts = urlsplit(url)
    name, began = parts.hostname or "", time.monotonic()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise DialError(f"no address for {shown(name)}: {error.strerror or error}") from error
    numbers = list(dict.fromkeys(str(place[0]) for *_, place in found))
    check(name, numbers)
    taken = time.monotonic() - began
    return [
        ResolvedAddress(
            url=urlunsplit(parts._replace(netloc=f"[{number}]:{port}" if ":" in number else f"{number}:{port}")),
            headers={"Host": parts.netloc},
            extensions={"sni_hostname": name},
            resolve_s=taken,
        )
        for number in numbers[:_MOST]
    ]


def check(name: str, numbers: Sequence[str]) -> None:
    """DialError where a name leads to link-local, metadata, multicast or no addresses at all.

    >>> check("meta.example.org", ["169.254.169.254"])
    Traceback (most recent call last):
    plimsoll.collectors.prometheus.resolver.DialError: meta.example.org leads to 169.254.169.254, which is not spoken to
    """
    for number in numbers:
        place = ipaddress.ip_address(number.split("%")[0])
        plain = place.ipv4_mapped if isinstance(place, ipaddress.IPv6Address) and place.ipv4_mapped else place
        nowhere = plain.is_unspecified or plain.is_multicast or plain.is_link_local or str(plain) in _METADATA
        if nowhere or (isinstance(plain, ipaddress.IPv4Address) and plain in _NOWHERE):
            raise DialError(f"{shown(name)} leads to {number}, which is not spoken to")
