"""Which addresses may be spoken to: the hosts that the config names, over https unless they are this machine."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from plimsoll.errors import shown


def host_of(address: str) -> str:
    """The host of an address; of a secret address no message names more than this."""
    return urlsplit(address).hostname or ""


def refusal(address: str, hosts: Sequence[str]) -> str:
    """Why an address is not spoken to; empty where it is.

    >>> refusal("http://example.org/x", ["example.org"])
    'example.org: only https is spoken to other machines'
    """
    host = host_of(address)
    if host not in hosts:
        return f"{shown(host)} is not one of its hosts: {', '.join(hosts)}"
    if urlsplit(address).scheme != "https" and not _loopback(host):
        return f"{shown(host)}: only https is spoken to other machines"
    return ""


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
