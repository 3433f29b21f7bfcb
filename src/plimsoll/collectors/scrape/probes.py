"""Probes: an address is asked as a user would ask it; failed and successful answers are kept apart."""

import os
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx2

from plimsoll.collectors.contract import Reading, Row, attempt
from plimsoll.collectors.scrape.settings import Probe, credentials
from plimsoll.errors import shown

DEADLINE_S: Final = 5.0
_MAX_BYTES: Final = 65_536
_DAY_S: Final = 86_400.0
_MOST_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class Probed:
    """What one probe found: milliseconds to the first byte, days that the certificate is good for, why it failed."""

    ok: bool
    first_byte_ms: float | None = None
    certificate_days: float | None = None
    why: str | None = None


class Prober:
    """Asks every address once a round, all at the same time."""

    def __init__(self, probes: Mapping[str, Probe], *, interval_s: float) -> None:
        self._probes = dict(probes)
        self._interval_s = interval_s
        self._pool = ThreadPoolExecutor(min(_MOST_AT_ONCE, max(1, len(self._probes))), thread_name_prefix="probe")
        self._told: set[str] = set()

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
        sample["probe_duration_ms"] = probed.first_byte_ms if probed.ok else None
        sample["certificate_expiry_days"] = probed.certificate_days
        whole.samples.append(sample)
        taken = (probed.first_byte_ms or 0.0) / 1000
        whole.collections.append(
            attempt(now, source="probe", target=name, ok=True, reason=probed.why, duration_s=taken, rows=1)
        )
        if name not in self._told:
            self._told.add(name)
            whole.resources.append(
                {
                    "ts": now,
                    "resource_id": resource,
                    "source": f"probe.{name}",
                    "name": resource,
                    "type": settings.type,
                    "region": settings.region or None,
                    "interval_s": self._interval_s,
                }
            )


def probe(settings: Probe) -> Probed:
    """One GET on a connection of its own, five seconds altogether; redirects are answers, never followed."""
    told = credentials(os.environ.get(settings.bearer_env), "", None)
    began = time.monotonic()
    try:
        with (
            httpx2.Client(timeout=DEADLINE_S, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", settings.url, **told) as answer,
        ):
            first_ms = 1000 * (time.monotonic() - began)
            days = _certificate_days(answer)
            received = 0
            for part in answer.iter_raw(8192):
                received += len(part)
                if received > _MAX_BYTES or time.monotonic() - began > DEADLINE_S:
                    break
    except (httpx2.HTTPError, OSError) as error:
        return Probed(ok=False, why=f"{type(error).__name__}: {shown(str(error))}")
    if answer.status_code != settings.status:
        return Probed(ok=False, first_byte_ms=first_ms, certificate_days=days, why=f"answered {answer.status_code}")
    return Probed(ok=True, first_byte_ms=first_ms, certificate_days=days)


def _certificate_days(answer: httpx2.Response) -> float | None:
    stream: Any = answer.extensions.get("network_stream")
    secure = stream.get_extra_info("ssl_object") if stream is not None else None
    told = secure.getpeercert() if secure is not None else None
    if not told or "notAfter" not in told:
        return None
    return (ssl.cert_time_to_seconds(told["notAfter"]) - datetime.now(UTC).timestamp()) / _DAY_S
