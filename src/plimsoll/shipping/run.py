"""One pass of shipping: everything that waits, unless the last failure says to wait longer."""

import os
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from plimsoll.clock import Clock, rfc3339
from plimsoll.errors import AlreadyLocked, PlimsollError, TemporaryError
from plimsoll.events import timed
from plimsoll.lake import Spool
from plimsoll.lake.format.lock import only_one
from plimsoll.shipping.destinations import Destination, SegmentRejected

_STATE: Final = "shipping.json"
_LONGEST_WAIT_S: Final = 900.0


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How shipping stands; times in seconds since the epoch. Kept beside the spool, so that a restart remembers."""

    failures: int = 0
    not_before_s: float = 0.0
    reason: str = ""
    shipped_s: float | None = None


@dataclass(frozen=True, slots=True)
class Shipped:
    """What one pass did."""

    segments: int = 0
    bytes: int = 0
    refused: int = 0


def ship(spool: Spool, way: Destination, clock: Clock, *, every_s: float, at_once: bool = False) -> Shipped:
    """Ships what waits, oldest first: every so often, after a failure later and later, and never all hosts together.

    Until the next time it does nothing (`at_once`: it does not wait); after a failure it raises what it waits for, so
    that the trouble stays in `plimsoll status`.
    """
    state, now_s = state_of(spool.root), clock.now().timestamp()
    if state == State():
        # hosts that were started together are spread over one interval
        state = State(not_before_s=now_s + every_s * _chance(spool.host, 0))
        _save(spool.root, state)
    # a clock that was ahead must not keep the spool waiting for longer than the longest wait
    early = now_s < state.not_before_s <= now_s + max(_LONGEST_WAIT_S, every_s)
    if early and not at_once:
        if state.failures:
            raise TemporaryError(_failure(spool, state))
        return Shipped()
    try:
        with only_one(spool.root), timed("shipping", "shipped") as noted:
            shipped = _drain(spool, way)
            noted.update(segments=shipped.segments, bytes=shipped.bytes, refused=shipped.refused)
    except AlreadyLocked:
        return Shipped()  # another process is shipping the same
    except PlimsollError as error:
        failed = _failed(state, str(error), now_s, every_s, spool.host)
        _save(spool.root, failed)
        raise TemporaryError(_failure(spool, failed)) from error
    _save(spool.root, State(shipped_s=clock.now().timestamp(), not_before_s=now_s + every_s))
    return shipped


def _failed(state: State, reason: str, now_s: float, every_s: float, host: str) -> State:
    """Twice as long after each failure, up to a quarter of an hour, by chance down to half of that."""
    failures = state.failures + 1
    longest_s = max(_LONGEST_WAIT_S, every_s)
    wait_s = min(longest_s, every_s * 2.0 ** min(failures - 1, 20)) * (0.5 + _chance(host, failures) / 2)
    return State(failures=failures, not_before_s=now_s + wait_s, reason=reason, shipped_s=state.shipped_s)


def state_of(spool: Path) -> State:
    """How shipping stands; nothing is known before the first pass, nor where the note is damaged."""
    with suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
        return msgspec.json.decode((spool / _STATE).read_bytes(), type=State)
    return State()


def _drain(spool: Spool, way: Destination) -> Shipped:
    segments = size = refused = 0
    for bundle in spool.bundles():
        for segment, data in bundle.parts:
            try:
                way.send(bundle.table, segment, data)
            except SegmentRejected as error:
                spool.set_aside(bundle.table, segment, data, str(error))
                refused += 1
            else:
                segments, size = segments + 1, size + len(data)
        spool.forget(bundle.table, bundle.inputs)
    return Shipped(segments, size, refused)


def _failure(spool: Spool, state: State) -> str:
    waiting = spool.waiting()
    again = rfc3339(datetime.fromtimestamp(state.not_before_s, UTC).replace(microsecond=0))
    return f"{state.reason}; {waiting.segments} segments ({waiting.bytes / 1e6:.1f} MB) wait; next try {again}"


def _chance(host: str, number: int) -> float:
    """In [0, 1): another for each host and each failure, the same again for the same."""
    return random.Random(f"{host}/{number}").random()  # noqa: S311 - it spreads load, it keeps no secret


def _save(spool: Path, state: State) -> None:
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = spool / f".{_STATE}.{os.getpid()}"
    beside.write_bytes(msgspec.json.encode(state))
    beside.replace(spool / _STATE)
