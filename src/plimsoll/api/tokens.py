"""Access tokens: 256 random bits, kept as SHA-256, compared in constant time, with what each may see."""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

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
    """The tokens of one project, in a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> list[Token]:
        """Every token, in order of their names."""
        try:
            raw: list[dict[str, Any]] = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise LakeError(f"{self.path.name}: cannot be read; remove it and make new tokens") from error
        return [Token(one["name"], one["sha256"], tuple(one["scopes"]), one["created"]) for one in raw]

    def new(self, name: str, scopes: tuple[str, ...], at: datetime) -> str:
        """Makes a token and gives its text, which is not kept."""
        known = self.all()
        if not name.isprintable() or not 1 <= len(name) <= 64:
            raise BadParameter("NAME", shown(name), why="must be 1 to 64 printable characters")
        if any(one.name == name for one in known):
            raise BadParameter("NAME", shown(name), why="exists; revoke it first, or choose another name")
        for scope in scopes:
            kind, _, value = scope.partition(":")
            if kind not in KINDS or not value:
                raise BadParameter("--scope", shown(scope), allowed=[f"{kind}:VALUE" for kind in KINDS])
        scopes = _shipping(scopes)
        text = PREFIX + secrets.token_urlsafe(32)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._save([*known, Token(name, digest, scopes, rfc3339(at))])
        return text

    def revoke(self, name: str) -> None:
        """From now on the token opens nothing."""
        known = self.all()
        if all(one.name != name for one in known):
            raise BadParameter("NAME", shown(name), allowed=[one.name for one in known], why="is no token")
        self._save([one for one in known if one.name != name])

    def check(self, header: bytes | None) -> Token | None:
        """The token of an `Authorization` header; every known one is compared, whatever was found before."""
        scheme, _, text = (header or b"").partition(b" ")
        digest = hashlib.sha256(text.strip()).hexdigest().encode()
        found: Token | None = None
        for one in self.all():
            if hmac.compare_digest(digest, one.sha256.encode()):
                found = one
        return found if scheme.lower() == b"bearer" else None

    def _save(self, tokens: list[Token]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        rows = [
            {"name": one.name, "sha256": one.sha256, "scopes": list(one.scopes), "created": one.created}
            for one in sorted(tokens, key=lambda one: one.name)
        ]
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(rows, indent=2).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
