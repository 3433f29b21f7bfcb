"""Sending by SMTP: encrypted or not at all where there is a password; every refusal is one of four outcomes."""

import smtplib
import ssl
from typing import Final

from plimsoll.delivery.outcome import Outcome
from plimsoll.delivery.settings import Mail
from plimsoll.errors import shown

DEADLINE_S: Final = 30.0
_TEMPORARY: Final = range(400, 500)


def send(mail: Mail, raw: bytes, *, to: str, password: str | None) -> Outcome:
    """One message to one recipient. Never falls back to an unencrypted session, never raises for what a server does."""
    context = ssl.create_default_context()
    try:
        server = _connected(mail, context)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("later", f"{mail.host}:{mail.port}: {_said(error)}")
    try:
        if refused := _opened(server, mail, context, password):
            return refused
        return _handed_over(server, mail, raw, to)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("later", f"{mail.host}: {_said(error)}")
    finally:
        server.close()


def _connected(mail: Mail, context: ssl.SSLContext) -> smtplib.SMTP:
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=DEADLINE_S, context=context)
    return smtplib.SMTP(mail.host, mail.port, timeout=DEADLINE_S)


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


def _handed_over(server: smtplib.SMTP, mail: Mail, raw: bytes, to: str) -> Outcome:
    """The three commands one by one: after the final dot a lost connection leaves it open whether it was accepted."""
    for code, text in (server.mail(mail.sender), server.rcpt(to)):
        if code not in (250, 251):
            return _judged(code, text)
    try:
        code, text = server.data(raw)
    except smtplib.SMTPDataError as error:
        return _judged(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        return Outcome("uncertain", f"{mail.host}: no answer to the message ({_said(error)})")
    return Outcome("sent", _text(code, text)) if code == 250 else _judged(code, text)


def _judged(code: int, text: bytes | str) -> Outcome:
    return Outcome("later" if code in _TEMPORARY else "failed", _text(code, text))


def _text(code: int, text: bytes | str) -> str:
    return shown(f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}")


def _said(error: Exception) -> str:
    return shown(str(error) or type(error).__name__)
