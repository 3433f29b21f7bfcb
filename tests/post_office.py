"""A real SMTP server on loopback, with STARTTLS and a login, whose moods a test can choose."""

import socket
import ssl
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.shared import needs_program

USER, PASSWORD = "plimsoll", "hunter2"
Answer = Callable[[Envelope], str]


def _accept(_: Envelope) -> str:
    return "250 OK"


@dataclass
class PostOffice:
    """What came in, and what the server says next; `rcpt` answers a recipient by address."""

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list[EmailMessage])
    raw: list[bytes] = field(default_factory=list[bytes])
    answer: Answer = _accept
    rcpt: Callable[[str], str | None] = lambda _: None
    keep_silent: bool = False

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accepts a recipient, or says why not."""
        refusal = self.rcpt(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the message, and answers as told; silent, it drops the connection after the final dot."""
        said = self.answer(envelope)
        content = envelope.content
        assert isinstance(content, bytes)
        if said.startswith("250"):
            self.raw.append(content)
            self.received.append(message_from_bytes(content, policy=policy.default))
        if self.keep_silent and server.transport is not None:
            server.transport.close()
        return said


def _authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(needs_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


@contextmanager
def open_post_office(folder: Path, *, tls: bool = True) -> Generator[PostOffice]:
    """The server, listening on a free port."""
    office = PostOffice()
    more: dict[str, Any] = {}
    if tls:
        cert, key = certificate(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        more = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": _authenticator,
        }
    with socket.create_server(("127.0.0.1", 0)) as free:
        office.port = free.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=office.port, **more)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()
