"""Connections have limits: how many there are, and how long a head, a body and the taking of an answer may last.

A deadline is for the whole of a step, not for a read: who sends or takes a byte now and then is cut all the same.
Where all places are taken, the connection that has been idle longest gives up its own; only where each has a request
that is being answered, or that has arrived and is not read yet, is a new one refused.
"""

import asyncio
import fcntl
import json
import logging
import resource
import termios
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from plimsoll.api.refusals import error_body

LOG: Final = logging.getLogger("plimsoll.connections")
RESERVED_FILES: Final = 160
"""Descriptors that are left to files, workers and connections that are about to be refused."""
_MOST_LINGERING: Final = 64
_MOST_EARLY: Final = 65_536
"""Bytes that are taken of one before it has a place."""
_SECOND_LOOK_S: Final = 0.05
_LINGER_S: Final = 1.0
_NO_PLACE: Final = "all places for connections are taken; try again in a few seconds"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for each step of an exchange."""

    head: float = 10.0
    body: float = 25.0
    idle: float = 15.0
    taking: float = 120.0


@dataclass(slots=True)
class Places:
    """How many connections there may be, altogether and of one address; which is closed when all are taken."""

    most: int
    most_of_one: int
    now: Callable[[], float] = time.monotonic
    taken: "dict[Connection, str]" = field(default_factory=dict["Connection", str])
    lingering: int = 0
    """Connections without a place: they have a moment for a second look, and one to take the refusal."""
    _noted: float = -60.0
    _gone: int = 0

    def take(self, new: "Connection", address: str) -> bool:
        """A place for a new connection; False where every place is of a request that is being answered."""
        of_one = [one for one, who in self.taken.items() if who == address]
        if len(of_one) >= self.most_of_one:
            found = _longest_waiting(of_one)
        elif len(self.taken) >= self.most:
            found = _longest_waiting(self._of_the_most_taking())
        else:
            self.taken[new] = address
            return True
        self._note()
        if found is None:
            return False
        self.leave(found)
        found.end()
        self.taken[new] = address
        return True

    def leave(self, gone: "Connection") -> None:
        """The place is free again."""
        self.taken.pop(gone, None)

    def _of_the_most_taking(self) -> "list[Connection]":
        """Those waiting connections whose address has most of them."""
        waiting = [(one, who) for one, who in self.taken.items() if one.waiting]
        counts = Counter(who for _, who in waiting)
        most = max(counts.values(), default=0)
        return [one for one, who in waiting if counts[who] == most]

    def _note(self) -> None:
        """One line a minute, however many they are."""
        self._gone += 1
        if self.now() - self._noted >= 60:
            LOG.warning(
                "all places for connections are taken: %d were ended or refused since this was last said", self._gone
            )
            self._noted, self._gone = self.now(), 0


def places(most: int, most_of_one: int) -> Places:
    """As many as wanted, as far as this process may open files."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files != resource.RLIM_INFINITY:
        most = max(8, min(most, files - RESERVED_FILES))
    return Places(most, min(most, most_of_one))


def _longest_waiting(connections: "list[Connection]") -> "Connection | None":
    return min((one for one in connections if one.waiting), key=lambda one: one.since, default=None)


class Connection(H11Protocol):
    """One connection: uvicorn's own, with a place and with deadlines for whole steps."""

    def __init__(self, places: Places, deadlines: Deadlines, config: Config, *arguments: Any, **more: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(config, *arguments, **more)
        self._places, self._deadlines = places, deadlines
        self.since = time.monotonic()
        self._step: tuple[str, int] = ("", 0)
        self._due: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._ended = self._refused = self._lingers = False
        self._early = bytearray()

    @property
    def waiting(self) -> bool:
        """No request of it is being answered, and nothing of it lies unread; it may be in the middle of sending one."""
        cycle = self.cycle
        answered = cycle is None or cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison] - None at first
        return answered and not self._unread()

    def _unread(self) -> bool:
        """Whether the kernel has bytes for it: many connections may be accepted before the first one is read."""
        try:
            count = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.FIONREAD, b"\0" * 4)
        except (OSError, ValueError, AttributeError):
            return False  # it is just being closed
        return any(count)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A place, a second look for one when what has arrived was read, or an honest refusal."""
        super().connection_made(transport)
        if self._placed():
            self._due_at("head", self._deadlines.head)
        elif self._places.lingering < _MOST_LINGERING and transport.can_write_eof():
            self._places.lingering += 1
            self._lingers = True
            self._due = self.loop.call_later(_SECOND_LOOK_S, self._look_again)
        else:
            self._say(503, "busy", _NO_PLACE)

    def _placed(self) -> bool:
        return self._places.take(self, self.client[0] if self.client else "")

    def _look_again(self) -> None:
        """Without a place it is said so; what comes is still read, since a reset would take the words back."""
        self.transport.resume_reading()
        if self._placed():
            self._settled()
            self._due_at("head", self._deadlines.head)
            if self._early:
                self.data_received(bytes(self._early))
            return
        self._refused = self._ended = True
        self._say(503, "busy", _NO_PLACE, close=False)
        self.transport.write_eof()
        self._due = self.loop.call_later(_LINGER_S, self.transport.abort)

    def _settled(self) -> None:
        self._places.lingering -= self._lingers
        self._lingers = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing of it is left."""
        self._settled()
        self._ended = True
        self._places.leave(self)
        for timer in (self._due, self._taking):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes; the step that they belong to keeps the deadline that it began with."""
        if self._refused:
            return
        if self._lingers:
            self._early += data
            if len(self._early) >= _MOST_EARLY:
                self.transport.pause_reading()
            return
        super().data_received(data)
        self._arm()

    def on_response_complete(self) -> None:
        """The answer is written; the client has a deadline to read it."""
        self.since = time.monotonic()
        super().on_response_complete()
        if not self.transport.is_closing():
            self._arm(received=False)
        self._watch_taking()

    def pause_writing(self) -> None:
        """The other side takes its answer more slowly than it is made."""
        super().pause_writing()
        self._watch_taking()

    def end(self) -> None:
        """Ends it at once, whatever was on its way."""
        self._ended = True
        self.transport.abort()

    def _arm(self, *, received: bool = True) -> None:
        """A new step has a new deadline; the same step keeps its own."""
        if self._ended or self.transport.is_closing():
            return
        theirs = self.conn.their_state
        if theirs is h11.SEND_BODY:
            self._due_at("body", self._deadlines.body)
        elif theirs is h11.IDLE and received:
            self._due_at("head", self._deadlines.head)
        elif theirs is not h11.IDLE:
            self._due_at("answer", None)

    def _due_at(self, step: str, seconds: float | None) -> None:
        key = (step, id(self.cycle))
        if key == self._step:
            return
        self._step = key
        if self._due is not None:
            self._due.cancel()
        self._due = None if seconds is None else self.loop.call_later(seconds, self._late, step, seconds)

    def _late(self, step: str, seconds: float) -> None:
        self._due = None
        if self.transport.is_closing():
            self.end()
        elif step == "head" and self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._say(408, "too_slow", f"the head of the request did not arrive within {seconds:g} s")
        else:
            self.end()

    def _watch_taking(self) -> None:
        if self._taking is None and not self._ended and self.transport.get_write_buffer_size():
            self._taking = self.loop.call_later(self._deadlines.taking, self._not_taken, id(self.cycle))

    def _not_taken(self, cycle: int) -> None:
        self._taking = None
        if not self.transport.get_write_buffer_size():
            return
        if cycle == id(self.cycle):
            self.end()
        else:
            self._watch_taking()

    def _say(self, status: int, code: str, message: str, *, close: bool = True) -> None:
        """A refusal without the application, and the end of the connection."""
        body = json.dumps(error_body(code, message)).encode()
        names = {408: "Request Timeout", 503: "Service Unavailable"}
        head = (
            f"HTTP/1.1 {status} {names[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Retry-After: 5\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        if close:
            self.transport.close()


def connections(places: Places, deadlines: Deadlines) -> Callable[..., Connection]:
    """What makes the connections of one service."""

    def made(config: Config, server_state: ServerState, **more: Any) -> Connection:  # noqa: ANN401 - uvicorn's
        return Connection(places, deadlines, config, server_state, **more)

    return made
