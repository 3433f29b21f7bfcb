"""A store: whole files under keys such as `samples/d-2026-01-16-....parquet`, put and got at once, never in part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from plimsoll.errors import PlimsollError, TemporaryError


class NoAnswer(TemporaryError):
    """The store cannot be reached, or answers with an error of its own: later it may do."""


class WriteConflict(TemporaryError):
    """Another writer was faster: what was to be replaced is not what was read any more."""


class Refused(PlimsollError):
    """The store does not let us: credentials, permissions, a bucket that is not there."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file's bytes, and the tag of exactly this content."""

    data: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a listing; `modified_s` is seconds since the epoch."""

    name: str
    size: int
    modified_s: float


class Store(Protocol):
    """What a lake needs of a store. A key that is not there is a FileNotFoundError, trouble is NoAnswer or Refused."""

    @property
    def uri(self) -> str:
        """How people call it; without credentials."""
        ...

    def get(self, key: str) -> StoredObject:
        """A whole file."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Stores these bytes under the key, atomically; an earlier content is replaced."""
        ...

    def swap(self, key: str, data: bytes, tag: str | None) -> str:
        """Replaces content of this tag (None: no content yet); gives the new tag, or raises WriteConflict."""
        ...

    def names(self, folder: str) -> list[Entry]:
        """The files right in a folder, by name; a folder that is not there is empty."""
        ...

    def folders(self, folder: str) -> list[str]:
        """The folders right in a folder."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Removes files; those that are gone already are fine."""
        ...


def chosen(uri: str) -> str:
    """The uri if a store can be opened by it; else what is wrong with it, as a ValueError (for settings).

    >>> chosen("s3://fleet-lake/site-a")
    's3://fleet-lake/site-a'
    """
    parts = urlsplit(uri)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("holds more than a place; credentials come from the environment, a profile or the machine")
    if parts.scheme == "s3" and parts.netloc:
        return uri
    if uri.startswith("/") or (parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")):
        return uri
    raise ValueError(
        "is not a location of a lake; write s3://BUCKET/PREFIX, /a/shared/folder or file:///a/shared/folder"
    )
