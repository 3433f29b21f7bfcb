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
from plimsoll.errors import DiskError, HeldByAnother, UsageError

_FILE: Final = "scheduler.lock"
_LOOKS: Final = 6
_LOOK_S: Final = 0.05
NETWORK: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"})


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a project: `command` is `up` or `tick`."""

    pid: int
    host: str
    started: str
    command: str


@contextmanager
def owned(data: Path, *, command: str, now: datetime, allow_network_fs: bool = False) -> Generator[None]:
    """Holds the project while inside; HeldByAnother names the one who does.

    The descriptor is not inherited (PEP 446), so a child that outlives its parent holds nothing.
    """
    if (kind := filesystem(data)) in NETWORK and not allow_network_fs:
        raise UsageError(
            f"{data}: is on a network file system ({kind}), whose locks cannot be relied on; use a local disk, or"
            " --allow-network-fs at your own risk"
        )
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


def filesystem(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that a path is on; empty where the machine does not say."""
    resolved, best, kind = path.resolve(), Path("/"), ""
    if not mounts.is_file():
        return ""
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        point = Path(left.split(" ")[4].encode("latin-1", "surrogateescape").decode("unicode_escape"))
        if (resolved == point or point in resolved.parents) and len(point.parts) >= len(best.parts):
            best, kind = point, right.split(" ")[0]
    return kind


def _take(descriptor: int, data: Path) -> None:
    """Locks, or says who has; `owner` looks by locking for an instant, so one refusal is not yet an answer."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_S)
        else:
            return
    held = _read(data)
    raise HeldByAnother(
        f"{data}: the project is held by plimsoll {held.command}, PID {held.pid} on {held.host} since {held.started};"
        " stop that one first"
    )


def _read(data: Path) -> Owner:
    """What the owner wrote; in the instant between its lock and its writing, nothing is known of it."""
    try:
        return Owner(**json.loads((data / _FILE).read_bytes()))
    except (ValueError, TypeError, OSError):
        return Owner(0, "?", "?", "?")
