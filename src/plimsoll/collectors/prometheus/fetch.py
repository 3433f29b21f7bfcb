"""Fetching an exposition within limits: whatever a target sends, memory and time stay bounded."""

import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx2

from plimsoll.collectors.prometheus.resolver import DialError, ResolvedAddress, dial
from plimsoll.deadline import Deadline
from plimsoll.errors import PlimsollError, shown

CONNECT_S: Final = 3.0
TOTAL_S: Final = 10.0
MAX_BYTES: Final = 16 * 1024**2
_ACCEPT: Final = "text/plain;version=0.0.4;q=1, */*;q=0.1"


class FetchError(PlimsollError):
    """A target could not be read; the text says of which kind the failure is."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: the text, its content type, and the target's clock (seconds since the epoch), if it sent one."""

    text: str
    content_type: str
    server_s: float | None


def client(*, ca: str = "", certificate: str = "", key: str = "", most: int = 64) -> httpx2.Client:
    """A client for many targets: no redirects, no proxies from the environment, TLS verified."""
    context = ssl.create_default_context(cafile=ca or None)
    if certificate:
        context.load_cert_chain(certificate, key)
    # a connection for each request: a deadline can cut only one that it has seen open
    limits = httpx2.Limits(max_connections=most, max_keepalive_connections=0)
    timeout = httpx2.Timeout(TOTAL_S / 2, connect=CONNECT_S)
    return httpx2.Client(verify=context, follow_redirects=False, trust_env=False, limits=limits, timeout=timeout)


def fetch(using: httpx2.Client, url: str, credentials: dict[str, Any], *, total_s: float = TOTAL_S) -> Fetched:
    """The body of one GET, at most 16 MiB after inflation and ten seconds altogether."""
    with Deadline(total_s) as deadline:
        try:
            return _first(using, url, credentials, deadline)
        except FetchError as error:
            if deadline.passed:
                raise FetchError(f"too slow: {deadline.why}") from error
            raise


def _first(using: httpx2.Client, url: str, credentials: dict[str, Any], deadline: Deadline) -> Fetched:
    """From the first of its addresses that can be reached."""
    unreachable: Exception | None = None
    for way in _ways(url):
        try:
            return _body(using, way, credentials, deadline)
        except httpx2.ConnectError as error:
            unreachable = error  # the name has other addresses
        except httpx2.TimeoutException as error:
            raise FetchError(f"too slow: {type(error).__name__}") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise FetchError(f"unreachable: {shown(str(error) or type(error).__name__)}") from error
    raise FetchError(f"unreachable: {shown(str(unreachable) or 'no address')}") from unreachable


def _ways(url: str) -> list[ResolvedAddress]:
    try:
        return dial(url)
    except DialError as error:
        raise FetchError(f"unreachable: {error}") from error


def _body(using: httpx2.Client, way: ResolvedAddress, credentials: dict[str, Any], deadline: Deadline) -> Fetched:
    headers = {
        "Accept": _ACCEPT,
        "X-Prometheus-Scrape-Timeout-Seconds": f"{deadline.seconds:g}",
        **credentials.get("headers", {}),
        **way.headers,
    }
    received = bytearray()
    extensions = {**way.extensions, "trace": deadline.trace}
    with using.stream("GET", way.url, headers=headers, auth=credentials.get("auth"), extensions=extensions) as answer:
        if answer.status_code != 200:
            raise FetchError(_refusal(answer))
        for part in answer.iter_bytes():
            received += part
            if len(received) > MAX_BYTES:
                raise FetchError(f"too large: more than {MAX_BYTES // 1024**2} MiB")
            if deadline.passed:
                break
        date = answer.headers.get("date")
        kind = answer.headers.get("content-type", "")
    if deadline.passed:
        raise FetchError(f"too slow: {deadline.why}")
    return Fetched(received.decode("utf-8", "replace"), kind, _clock(date))


def _refusal(answer: httpx2.Response) -> str:
    code = answer.status_code
    known = {401: "credentials are missing or wrong", 403: "not allowed", 404: "nothing is there", 429: "too often"}
    if answer.is_redirect:
        return f"{code}: redirects elsewhere; write the address it should have"
    return f"{code}: {known.get(code, 'the target refused')}"


def _clock(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (TypeError, ValueError):
        return None
