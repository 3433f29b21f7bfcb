"""Probes: an address is asked as a user would ask it; failed and successful answers are kept apart."""

import json
import os
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx2

from plimsoll.collectors.contract import Reading, Row, collection_row
from plimsoll.collectors.prometheus.resolver import DialError, ResolvedAddress, dial
from plimsoll.collectors.prometheus.settings import Probe, credentials
from plimsoll.deadline import Deadline
from plimsoll.errors import shown

DEADLINE_S: Final = 5.0
_MAX_BYTES: Final = 65_536
_DAY_S: Final = 86_400.0
_MOST_AT_ONCE: Final = 32


@dataclass(slots=True)
class Phases:
    """When each part of a question was over, on the monotonic hand."""

    resolve_s: float = 0.0
    _seen: dict[str, float] = field(default_factory=dict[str, float])

    def note(self, event: str, _: object) -> None:
        """Called by the client as it goes."""
        self._seen[event.partition(".")[2]] = time.monotonic()

    def end(self) -> None:
        """The answer is whole."""
        self._seen["end"] = time.monotonic()

    def milliseconds(self) -> dict[str, float | None]:
        """The phases; one that was not gone through (TLS of http) is None."""
        found: dict[str, float | None] = {"probe_resolve_ms": 1000 * self.resolve_s}
        for name, (start, end) in _PARTS.items():
            began, ended = (next((self._seen[key] for key in keys if key in self._seen), None) for keys in (start, end))
            found[name] = 1000 * (ended - began) if began is not None and ended is not None else None
        parts = [found[name] for name in _TO_FIRST_BYTE]
        found["probe_duration_ms"] = sum(part for part in parts if part is not None)
        return found


_PARTS: Final = {
    "probe_connect_ms": (("connect_tcp.started",), ("connect_tcp.complete",)),
    "probe_tls_ms": (("start_tls.started",), ("start_tls.complete",)),
    "probe_processing_ms": (("start_tls.complete", "connect_tcp.complete"), ("receive_response_headers.complete",)),
    "probe_transfer_ms": (("receive_response_headers.complete",), ("end",)),
}
_TO_FIRST_BYTE: Final = ("probe_resolve_ms", "probe_connect_ms", "probe_tls_ms", "probe_processing_ms")


@dataclass(frozen=True, slots=True)
class Probed:
    """What one probe found: milliseconds of each phase, days that the certificate is good for, why it failed."""

    ok: bool
    milliseconds: dict[str, float | None] = field(default_factory=dict[str, float | None])
    certificate_days: float | None = None
    why: str | None = None


class Prober:
    """Asks every address once a round, all at the same time."""

    def __init__(self, probes: Mapping[str, Probe], *, interval_s: float) -> None:
        self._probes = dict(probes)
        self._interval_s = interval_s
        self._pool = ThreadPoolExecutor(min(_MOST_AT_ONCE, max(1, len(self._probes))), thread_name_prefix="probe")
        self._declared: set[str] = set()

    def read(self, now: datetime, monotonic: float) -> Reading:  # noqa: ARG002 - a probe needs no second reading
        """One round."""
        whole = Reading()
        names = list(self._probes)
        for name, probed in zip(names, self._pool.map(probe, self._probes.values()), strict=True):
            self._note(whole, name, probed, now)
        return whole

    def close(self) -> None:
        """Waits for what is under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _note(self, whole: Reading, name: str, probed: Probed, now: datetime) -> None:
        settings = self._probes[name]
        resource = settings.resource or name
        sample: Row = {"ts": now, "resource_id": resource, "device": "", "source": f"probe.{name}"}
        sample["probe_success_pct"] = 100.0 if probed.ok else 0.0
        if probed.ok:  # how long a failure took is another question than how fast the service is
            sample |= probed.milliseconds
        sample["certificate_expiry_days"] = probed.certificate_days
        whole.samples.append(sample)
        taken = (probed.milliseconds.get("probe_duration_ms") or 0.0) / 1000
        whole.collections.append(
            collection_row(now, source="probe", target=name, ok=True, reason=probed.why, duration_s=taken, rows=1)
        )
        if name not in self._declared:
            self._declared.add(name)
            whole.resources.append(
                {
                    "ts": now,
                    "resource_id": resource,
                    "source": f"probe.{name}",
                    "name": resource,
                    "type": settings.type,
                    "region": settings.region or None,
                    "labels": json.dumps(settings.labels, sort_keys=True) if settings.labels else None,
                    "interval_s": self._interval_s,
                }
            )


def probe(settings: Probe) -> Probed:
    """One GET on a connection of its own, five seconds altogether; redirects are answers, never followed."""
    options = credentials(os.environ.get(settings.bearer_env), "", None)
    headers = options.pop("headers", {})
    phases, why = Phases(), ""
    with Deadline(DEADLINE_S) as deadline:
        try:
            for way in dial(settings.url):
                phases = Phases(resolve_s=way.resolve_s)
                try:
                    return _ask(settings, way, headers | way.headers, phases, deadline)
                except httpx2.ConnectError as error:  # the name may have other addresses
                    why = f"{type(error).__name__}: {shown(str(error))}"
        except (httpx2.HTTPError, OSError, DialError) as error:
            why = deadline.why if deadline.passed else f"{type(error).__name__}: {shown(str(error))}"
    return Probed(ok=False, why=why)


def _ask(settings: Probe, way: ResolvedAddress, headers: dict[str, str], phases: Phases, deadline: Deadline) -> Probed:
    def trace(event: str, about: dict[str, Any]) -> None:
        deadline.trace(event, about)
        phases.note(event, about)

    with (
        httpx2.Client(
            timeout=DEADLINE_S, follow_redirects=False, trust_env=False, verify=_trust(settings.ca)
        ) as client,
        client.stream("GET", way.url, headers=headers, extensions={**way.extensions, "trace": trace}) as answer,
    ):
        days = _certificate_days(answer)
        received = 0
        for part in answer.iter_raw(8192):
            received += len(part)
            if received > _MAX_BYTES or deadline.passed:
                break
        phases.end()
    if answer.status_code != settings.status:
        why = f"answered {answer.status_code}"
        return Probed(ok=False, milliseconds=phases.milliseconds(), certificate_days=days, why=why)
    return Probed(ok=True, milliseconds=phases.milliseconds(), certificate_days=days)


@cache
def _trust(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca or None)


def _certificate_days(answer: httpx2.Response) -> float | None:
    stream: Any = answer.extensions.get("network_stream")
    secure = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = secure.getpeercert() if secure is not None else None
    if not certificate or "notAfter" not in certificate:
        return None
    return (ssl.cert_time_to_seconds(certificate["notAfter"]) - datetime.now(UTC).timestamp()) / _DAY_S
