"""One-time links: each signs one browser in as a token, once, and ends with its time and with its token.

A link holds 256 random bits, of which the SHA-256 is kept. Opening it changes nothing (programs that check mail do
that, too): the page that it shows has a button, and that uses the link up.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from plimsoll.api.kept_file import KeptFile
from plimsoll.api.tokens import Token
from plimsoll.clock import instant, rfc3339
from plimsoll.errors import BadParameter, LakeError, shown

FILE: Final = "links.json"
LONGEST: Final = timedelta(days=7)
_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Link:
    """The SHA-256 of a link's text and of the token that it stands for, and when it ends."""

    sha256: str
    token_sha256: str
    ends: str


class Links:
    """The open links of one project."""

    def __init__(self, data: Path) -> None:
        self._file = KeptFile(data / FILE, without="until then no link opens anything")

    def new(self, token: Token, *, now: datetime, valid: timedelta) -> str:
        """Makes a link and gives its text, which is not kept; what has ended is forgotten."""
        if token.ships:
            raise BadParameter("NAME", shown(token.name), why="only ships; a link signs in to read")
        if not timedelta(minutes=1) <= valid <= LONGEST:
            raise BadParameter("--valid", f"{valid.total_seconds():g}s", why="must be between 1m and 7d")
        text = secrets.token_urlsafe(32)
        with self._file.alone():
            known = self._open(now)
            if len(known) >= _MOST:
                raise BadParameter("NAME", shown(token.name), why=f"has too many links: {_MOST} are open")
            self._save([*known, Link(_hash(text), token.sha256, rfc3339(now + valid))])
        return text

    def stands(self, text: str, now: datetime) -> bool:
        """Whether a link could still be used; changes nothing."""
        return any(one.sha256 == _hash(text) for one in self._open(now))

    def use(self, text: str, known: list[Token], now: datetime) -> Token | None:
        """The token that a link stands for, once; None where it was used, has ended, or its token is gone."""
        with self._file.alone():
            links = self._open(now)
            used = next((one for one in links if one.sha256 == _hash(text)), None)
            if used is None:
                return None
            self._save([one for one in links if one is not used])
        return next((one for one in known if one.sha256 == used.token_sha256 and not one.ships), None)

    def _open(self, now: datetime) -> list[Link]:
        text = self._file.read()
        try:
            links = [] if text is None else msgspec.json.decode(text, type=list[Link])
            return [one for one in links if now < instant(one.ends) <= now + LONGEST]
        except ValueError as error:
            raise LakeError(f"{FILE}: cannot be understood; remove it and make new links") from error

    def _save(self, links: list[Link]) -> None:
        self._file.replace(
            [{"sha256": one.sha256, "token_sha256": one.token_sha256, "ends": one.ends} for one in links]
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
