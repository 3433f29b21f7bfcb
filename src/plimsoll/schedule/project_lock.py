"""One owner: a project has at most one scheduler. The kernel holds the lock, so a killed owner leaves none behind."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from plimsoll.clock import rfc3339
from plimsoll.errors import AlreadyLocked, DiskError
from plimsoll.lake.format.file_systems import refuse_network

HEARTBEAT: Final = "heartbeat.json"
"""What a running scheduler renews every few seconds, in the data folder."""
COLLECT_ONLY: Final = "collect-only"
_FILE: Final = "scheduler.lock"
_LOOKS: Final = 6
_LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a project: `command` is `up` or `tick`."""

    pid: int
    host: str
    started: str
    command: str


@contextmanager
def owned(data: Path, *, command: str, now: datetime, allow_network_fs: bool = False) -> Generator[None]:
    """Holds the project while inside; AlreadyLocked names the one who does.

    The descriptor is not inherited (PEP 446), so a child that outlives its parent holds nothing.
    """
    refuse_network(data, allowed=allow_network_fs)
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DiskError(f"{data / _FILE}: cannot be opened ({error.strerror}); check the folder's owner") from error
    try:
        _take(descriptor, data)
        me = Owner(os.getpid(), socket.gethostname(), rfc3339(now), command)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(me)).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def owner(data: Path) -> Owner | None:
    """Who holds the project now, if anyone does."""
    try:
        descriptor = os.open(data / _FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(data)
    finally:
        os.close(descriptor)
    return None


def _take(descriptor: int, data: Path) -> None:
    """Locks, or says who has; `owner` looks by locking for an instant, so one refusal is not yet an answer."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_S)
        else:
            return
    other = _read(data)
    by = f"plimsoll {other.command}, PID {other.pid} on {other.host} since {other.started}"
    raise AlreadyLocked(f"{data}: the project is held by {by}; stop that one first")


def _read(data: Path) -> Owner:
    """What the owner wrote; in the instant between its lock and its writing, nothing is known of it."""
    try:
        return Owner(**json.loads((data / _FILE).read_bytes()))
    except (ValueError, TypeError, OSError):
        return Owner(0, "?", "?", "?")
