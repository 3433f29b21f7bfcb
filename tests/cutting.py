"""A network that fails when the test says so: a proxy before one server, on loopback."""

import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["pass", "reset", "half_request", "lost_answer", "half_answer", "503"]
Plan = Callable[[int], Fault]
_BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(slots=True)
class Network:
    """What becomes of the n-th request (from 1); `down` cuts everything."""

    upstream: tuple[str, int]
    plan: Plan = lambda _: "pass"
    down: bool = False
    requests: int = 0
    address: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, plan: Plan) -> None:
        """Counts anew, under another plan."""
        with self._lock:
            self.requests, self.plan = 0, plan

    def carry(self, client: socket.socket) -> None:
        """One connection, one request."""
        client.settimeout(30)
        request = _whole(client)
        if not request:
            return
        with self._lock:
            self.requests += 1
            fault = "reset" if self.down else self.plan(self.requests)
        if fault == "503":
            client.sendall(_BUSY)
        elif fault == "reset":
            _reset(client)
        elif fault == "half_request":
            with socket.create_connection(self.upstream, timeout=30) as server:
                server.sendall(request[: len(request) // 2])
            _reset(client)
        else:
            answer = self._asked(request)
            if fault == "pass":
                client.sendall(answer)
            elif fault == "half_answer":
                client.sendall(answer[: max(1, len(answer) - 1 - len(answer) // 3)])
            _reset(client) if fault != "pass" else None

    def _asked(self, request: bytes) -> bytes:
        with socket.create_connection(self.upstream, timeout=30) as server:
            server.sendall(request)
            parts: list[bytes] = []
            while part := server.recv(65_536):
                parts.append(part)
        return b"".join(parts)


@contextmanager
def network_before(address: str) -> Generator[Network]:
    """The proxy before a server's address, until the end of the block."""
    parts = urlsplit(address)
    network = Network((parts.hostname or "", parts.port or 0))
    listener = socket.create_server(("127.0.0.1", 0))
    network.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(client,), daemon=True).start()

    def handle(client: socket.socket) -> None:
        with client, suppress(OSError):
            network.carry(client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield network
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _whole(client: socket.socket) -> bytes:
    """Headers and the body that they announce."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(65_536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    length = int(lengths[0]) if lengths else 0
    while len(body) < length:
        part = client.recv(65_536)
        if not part:
            return b""
        body += part
    return head + b"\r\n\r\n" + body


def _reset(client: socket.socket) -> None:
    """Closes with RST: what a cut looks like."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
