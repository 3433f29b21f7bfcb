"""Access tokens: 256 random bits, kept as SHA-256, compared in constant time, with what each may see."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from plimsoll.api.kept_file import KeptFile
from plimsoll.clock import rfc3339
from plimsoll.errors import BadParameter, LakeError, shown
from plimsoll.fleet.resources import Resource
from plimsoll.lake import host_slug

PREFIX: Final = "plm_"
KINDS: Final = ("resource", "region", "type", "ship")


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its name, the SHA-256 of its text, and its scopes (`region:us-east-1`); no scope sees everything."""

    name: str
    sha256: str
    scopes: tuple[str, ...]
    created: str

    @property
    def ships(self) -> str | None:
        """The host as which segments may be shipped; such a token reads nothing. None: it only reads."""
        return next(iter(self.only("ship")), None)

    def only(self, kind: str) -> tuple[str, ...]:
        """The values of one kind of scope."""
        return tuple(scope.partition(":")[2] for scope in self.scopes if scope.startswith(f"{kind}:"))

    def sees(self, resource: Resource) -> bool:
        """Whether a resource is inside every kind of scope that the token has."""
        if self.ships:
            return False
        values = {"resource": resource.resource_id, "region": resource.region or "", "type": resource.type}
        wanted: dict[str, set[str]] = {}
        for scope in self.scopes:
            kind, _, value = scope.partition(":")
            wanted.setdefault(kind, set()).add(value)
        return all(values[kind] in allowed for kind, allowed in wanted.items())


def _shipping(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """A token that ships is of one host, may be bound to some resources, and reads nothing."""
    hosts = [scope.partition(":")[2] for scope in scopes if scope.startswith("ship:")]
    if hosts and (len(hosts) > 1 or any(scope.startswith(("region:", "type:")) for scope in scopes)):
        raise BadParameter("--scope", shown(" ".join(scopes)), why="ship:HOST goes with resource:ID only, and once")
    return tuple(f"ship:{host_slug(hosts[0])}" if scope.startswith("ship:") else scope for scope in scopes)


class Tokens:
    """The tokens of one project, in a file that only its owner can read; one change at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = KeptFile(path, without="until then no token opens anything")

    def all(self) -> list[Token]:
        """Every token, in order of their names; none where no token was ever made."""
        return self.found() or []

    def found(self) -> list[Token] | None:
        """As `all`; None where there is no file. LakeError where the file cannot be read or understood."""
        text = self._file.read()
        try:
            return None if text is None else msgspec.json.decode(text, type=list[Token])
        except ValueError as error:
            raise LakeError(f"{self.path.name}: cannot be understood; remove it and make new tokens") from error

    def new(self, name: str, scopes: tuple[str, ...], at: datetime) -> str:
        """Makes a token and gives its text, which is not kept."""
        if not name.isprintable() or not 1 <= len(name) <= 64:
            raise BadParameter("NAME", shown(name), why="must be 1 to 64 printable characters")
        for scope in scopes:
            kind, _, value = scope.partition(":")
            if kind not in KINDS or not value:
                raise BadParameter("--scope", shown(scope), allowed=[f"{kind}:VALUE" for kind in KINDS])
        scopes = _shipping(scopes)
        text = PREFIX + secrets.token_urlsafe(32)
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._file.alone():
            known = self.all()
            if any(one.name == name for one in known):
                raise BadParameter("NAME", shown(name), why="exists; revoke it first, or choose another name")
            self._save([*known, Token(name, digest, scopes, rfc3339(at))])
        return text

    def revoke(self, name: str) -> None:
        """From now on the token opens nothing; after the last one nothing opens until there is a new one."""
        with self._file.alone():
            known = self.all()
            if all(one.name != name for one in known):
                raise BadParameter("NAME", shown(name), allowed=[one.name for one in known], why="is not a token")
            self._save([one for one in known if one.name != name])

    @staticmethod
    def match(known: list[Token], header: bytes | None) -> Token | None:
        """The token of an `Authorization` header; every known one is compared, whatever was found before."""
        scheme, _, text = (header or b"").partition(b" ")
        digest = hashlib.sha256(text.strip()).hexdigest().encode()
        found: Token | None = None
        for one in known:
            if hmac.compare_digest(digest, one.sha256.encode()):
                found = one
        return found if scheme.lower() == b"bearer" else None

    def _save(self, tokens: list[Token]) -> None:
        self._file.replace(
            [
                {"name": one.name, "sha256": one.sha256, "scopes": list(one.scopes), "created": one.created}
                for one in sorted(tokens, key=lambda one: one.name)
            ]
        )
