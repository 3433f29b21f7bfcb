"""Sending by SMTP: encrypted or not at all where there is a password; every refusal is one of four outcomes."""

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from plimsoll.deadline import Deadline
from plimsoll.delivery.outcome import Outcome
from plimsoll.delivery.settings import Mail
from plimsoll.errors import shown
from plimsoll.events import timed

DEADLINE_S: Final = 30.0
_STEP_S: Final = 15.0
_REFUSED: Final = range(500, 600)
_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\n)")
_LEADING_DOT: Final = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True)
class _Letter:
    """What is sent to whom, and what is called before the final dot."""

    raw: bytes
    to: str
    sending: Callable[[], None]

    @property
    def lines(self) -> bytes:
        """As DATA takes it, the final dot left out."""
        text = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\r\n", self.raw))
        return text if text.endswith(b"\r\n") else text + b"\r\n"


class _Plain(smtplib.SMTP):
    """A session whose connection can be cut from its first byte on."""

    def __init__(self, mail: Mail, deadline: Deadline, **more: Any) -> None:  # noqa: ANN401 - smtplib's
        deadline.over(lambda: self.sock)
        super().__init__(mail.host, mail.port, timeout=min(_STEP_S, deadline.seconds), **more)


class _Encrypted(_Plain, smtplib.SMTP_SSL):
    """The same, encrypted from its first byte on."""


def send(
    mail: Mail,
    raw: bytes,
    *,
    to: str,
    password: str | None,
    seconds: float = DEADLINE_S,
    sending: Callable[[], None] = lambda: None,
) -> Outcome:
    """One message to one recipient, so many seconds altogether.

    `sending` is called before the final dot: until then no server has the message, from then on it may have accepted
    it. Never falls back to an unencrypted session, never raises for what a server does.
    """
    context = ssl.create_default_context()
    with timed("delivery", "handed over", channel="mail", bytes=len(raw)) as noted, Deadline(seconds) as deadline:
        outcome = _sent(mail, _Letter(raw, to, sending), password, context, deadline)
        noted["outcome"] = outcome.kind
    if not deadline.passed or outcome.kind == "uncertain":
        return outcome
    # what a server that was cut has said is not whole: only the answer to the message itself leaves anything open
    return Outcome("later", f"{mail.host}:{mail.port}: {deadline.why}")


def _sent(mail: Mail, letter: _Letter, password: str | None, context: ssl.SSLContext, deadline: Deadline) -> Outcome:
    try:
        more = {"context": context} if mail.security == "tls" else {}
        server = (_Encrypted if more else _Plain)(mail, deadline, **more)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("later", f"{mail.host}:{mail.port}: {_said(error)}")
    try:
        if refused := _opened(server, mail, context, password):
            return refused
        return _handed_over(server, mail, letter, deadline)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return Outcome("later", f"{mail.host}: {_said(error)}")
    finally:
        server.close()


def _opened(server: smtplib.SMTP, mail: Mail, context: ssl.SSLContext, password: str | None) -> Outcome | None:
    server.ehlo_or_helo_if_needed()
    if mail.security == "starttls":
        if not server.has_extn("starttls"):
            return Outcome("later", f"{mail.host} offers no STARTTLS; nothing was sent in the clear")
        server.starttls(context=context)
        server.ehlo()
    if mail.user:
        if not password:
            return Outcome("later", f"no password for {mail.user}: set the variable {mail.password_env}")
        try:
            server.login(mail.user, password)
        except smtplib.SMTPAuthenticationError as error:
            return Outcome("later", f"{mail.host} refused the login of {mail.user} ({error.smtp_code})")
    return None


def _handed_over(server: smtplib.SMTP, mail: Mail, letter: _Letter, deadline: Deadline) -> Outcome:
    """The commands one by one: only after the final dot a lost connection leaves it open whether it was accepted."""
    for code, text in (server.mail(mail.sender), server.rcpt(letter.to)):
        if code not in (250, 251):
            return _judged(code, text)
    code, text = server.docmd("DATA")
    if code != 354:
        return _judged(code, text)
    server.send(letter.lines)
    letter.sending()
    try:
        server.send(b".\r\n")
        code, text = server.getreply()
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        return Outcome("uncertain", f"{mail.host}: no answer to the message ({_said(error)})")
    if deadline.passed or (code < 400 and code != 250):
        why = deadline.why if deadline.passed else _text(code, text)
        return Outcome("uncertain", f"{mail.host}: no whole answer to the message; {why}")
    return Outcome("sent", _text(code, text)) if code == 250 else _judged(code, text)


def _judged(code: int, text: bytes | str) -> Outcome:
    """Only a whole refusal for good (5xx) is final; half a line of a connection that broke is none."""
    return Outcome("failed" if code in _REFUSED else "later", _text(code, text))


def _text(code: int, text: bytes | str) -> str:
    return shown(f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}")


def _said(error: Exception) -> str:
    return shown(str(error) or type(error).__name__)
