"""One at a time: who compacts, repairs or retires files holds a lock that the kernel lets go of when it dies."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from plimsoll.errors import AlreadyLocked, DiskError


@contextmanager
def only_one(root: Path) -> Generator[None]:
    """Holds the lake's one lock while inside; appenders and readers never take it."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(root / "compact.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DiskError(f"{root}: cannot be locked ({error.strerror}); check the folder's owner") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyLocked(f"{root.name}: another process is compacting the lake; it will be done soon") from error
        yield
    finally:
        os.close(descriptor)
