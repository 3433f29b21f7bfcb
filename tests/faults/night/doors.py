"""What comes to the service in a bad night: honest segments, of which each acknowledged one is noted, and strangers."""

import http.client
import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from plimsoll.lake.format.encoding import streaming
from tests.strangers import frame, named

PORT: Final = 8080
HOST: Final = "night"
_PATHS: Final = (
    *("/", "/metrics", "/healthz", "/reports", "/feeds/latest/alerts.ndjson", "/openapi.json", "/v1/segments"),
    *("/v1/segments/samples/x", "/v2/monitoring/performance", "/v2/monitoring/performance/anomalies"),
)
_BITS: Final = (
    *("timeRange=5m", "granularity=1m", "resourceIds=a", "limit=3", "cursor=%00", "metrics=cpu", "\xff", "&&="),
    *("regions=\u202e", "aggregation=p95", "timeRange[start]=x", "%zz", "a" * 300),
)


class Shipper(threading.Thread):
    """Ships a segment again and again until it is acknowledged, then the next."""

    def __init__(self, token: str) -> None:
        super().__init__(daemon=True)
        self.token, self.over = token, threading.Event()
        self.acknowledged: list[str] = []
        self.answers: Counter[int | str] = Counter()

    def run(self) -> None:
        """Until it is over."""
        number = 0
        while not self.over.is_set():
            number += 1
            resource = f"shipped-{number}"
            given = frame(resource, 5, at=datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))
            data = streaming(given)
            while not self.over.wait(0.7):
                status = self._sent(named(given, data, host=HOST), data)
                self.answers[status] += 1
                if status in (200, 201):
                    self.acknowledged.append(resource)
                    break
                if status == 422:  # an hour ahead of a clock that went back: no row of it was kept
                    break

    def _sent(self, name: str, data: bytes) -> int | str:
        client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        try:
            client.request(
                "POST", f"/v1/segments/samples/{name}", body=data, headers={"Authorization": f"Bearer {self.token}"}
            )
            return client.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            client.close()


class Stranger(threading.Thread):
    """Says anything: half requests, odd queries, torn segments, noise. A 500 is a fault."""

    def __init__(self, token: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.token, self.chance, self.over = token, random.Random(seed), threading.Event()
        self.answers: Counter[str] = Counter()
        self.broken: list[bytes] = []

    def run(self) -> None:
        """Until it is over."""
        given = frame("stranger", 20)
        whole = streaming(given, "zstd")
        while not self.over.wait(0.1):
            said = self._said(whole, named(given, whole, host=HOST))
            with suppress(OSError), socket.create_connection(("127.0.0.1", PORT), timeout=5) as one:
                one.settimeout(self.chance.choice((0.2, 5.0)))
                one.sendall(said)
                answer = one.recv(200)
                self.answers[answer[9:12].decode("latin-1") or "closed"] += 1
                if answer[9:12] == b"500":
                    self.broken.append(said[:400])
                continue
            self.answers["no connection"] += 1
            time.sleep(0.2)

    def _said(self, whole: bytes, name: str) -> bytes:
        chance = self.chance
        mood = chance.random()
        if mood < 0.1:
            return chance.randbytes(chance.randrange(1, 2000))
        if mood < 0.3:
            torn = bytearray(whole)
            for _ in range(3):
                torn[chance.randrange(len(torn))] = chance.randrange(256)
            head = f"POST /v1/segments/samples/{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(torn)}\r\n"
            return f"{head}Authorization: Bearer {self.token}\r\n\r\n".encode() + torn
        path, query = chance.choice(_PATHS), "&".join(chance.choices(_BITS, k=chance.randrange(4)))
        line = (
            f"GET {path}{'?' if query else ''}{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        return line[: chance.randrange(len(line))] if mood < 0.4 else line
