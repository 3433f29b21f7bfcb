"""The ways out of a spool; this one leads into the store of the shared lake."""

from dataclasses import dataclass
from typing import Protocol

from plimsoll.lake import Segment, Store


class SegmentRejected(Exception):
    """This one segment is refused for good; others may go."""


class Destination(Protocol):
    """How segments leave."""

    @property
    def to(self) -> str:
        """Where to, for people."""
        ...

    def send(self, table: str, segment: Segment, data: bytes) -> None:
        """When this returns, the segment has arrived for good; sending it again changes nothing."""
        ...

    def ask(self) -> None:
        """Raises what would keep a segment from arriving now."""
        ...


@dataclass(frozen=True, slots=True)
class ToStore:
    """Into the folder of the table, under the segment's own name."""

    store: Store

    @property
    def to(self) -> str:
        """The store."""
        return self.store.uri

    def send(self, table: str, segment: Segment, data: bytes) -> None:
        """One atomic PUT."""
        self.store.put(f"{table}/{segment.name}", data)

    def ask(self) -> None:
        """A listing, which an empty store answers too."""
        self.store.names("resources")
