"""A report as a mail: text first, HTML with its pictures beside it, and headers that keep it from being answered."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

MOST_HTML_BYTES: Final = 80_000
# a folded header with a letter beyond ASCII gains a space on its way; 998 is what a line may have
_UNFOLDED: Final = SMTP.clone(max_line_length=998)
_SLUG: Final = re.compile(r"[^a-z0-9]+")
_SUBJECT_CHARS: Final = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContent:
    """What a mail says: subject, both bodies, pictures by content id, attached PDFs by name, and what it is about."""

    kind: str
    verdict: str
    subject: str
    text: str
    html: str
    pictures: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    pdfs: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


def message_id(kind: str, fleet: str, end: datetime, recipient: str, *, domain: str, revision: int = 1) -> str:
    """One fixed id for a report, window, revision and recipient: a retry is the same message."""
    key = hashlib.sha256(f"{fleet}\0{recipient}".encode()).hexdigest()[:16]
    return f"<{kind}.{end:%Y%m%dT%H%M%SZ}.r{revision}.{key}@{domain}>"


def message(letter: MailContent, *, sender: str, to: str, identity: str, fleet: str, answers: str = "") -> bytes:
    """The whole message but for its Date, which is the time of sending; `answers` is the id of the one it corrects."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Plimsoll <{sender}>"
    mail["To"] = to
    mail["Subject"] = one_line(letter.subject, most=_SUBJECT_CHARS)
    mail["Message-ID"] = identity
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["List-Id"] = f"Plimsoll reports <{_slug(fleet)}.plimsoll>"
    mail["X-Plimsoll-Verdict"] = _slug(letter.verdict)
    mail["X-Plimsoll-Kind"] = letter.kind
    mail.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        if len(letter.html.encode()) > MOST_HTML_BYTES:
            raise ValueError(f"the mail's HTML has more than {MOST_HTML_BYTES:,} bytes")
        mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
        related = mail.get_payload()[1]  # type: ignore[index]
        assert isinstance(related, EmailMessage)  # noqa: S101 - just added
        for name, png in letter.pictures.items():
            related.add_related(png, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")
    for name, pdf in letter.pdfs.items():
        mail.add_attachment(pdf, "application", "pdf", filename=name)
    return mail.as_bytes(policy=_UNFOLDED)


def dated(raw: bytes, at: datetime, *, retry: bool = False) -> bytes:
    """The message with its time of sending; a `retry` says that it may have been accepted before, under the same id."""
    mark = b"X-Plimsoll-Retry: the answer to an earlier attempt was lost\r\n" if retry else b""
    return b"Date: " + format_datetime(at).encode() + b"\r\n" + mark + raw


def one_line(text: str, *, most: int) -> str:
    r"""Text that cannot end a header: controls become spaces, and what is too long is cut.

    >>> one_line("a\r\nBcc: x", most=60)
    'a  Bcc: x'
    """
    safe = "".join(c if c.isprintable() else " " for c in text.encode("utf-8", "replace").decode())
    return safe if len(safe) <= most else safe[: most - 1] + "…"


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower()).strip("-")[:60] or "fleet"
