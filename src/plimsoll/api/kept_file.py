"""A small JSON file of the service that only its owner can read: changed by one process at a time, replaced whole."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from plimsoll.errors import DiskError, LakeError, TemporaryError

_LOCK_S: Final = 10.0


class KeptFile:
    """The file at `path`; `without` says what does not work while it cannot be read."""

    def __init__(self, path: Path, *, without: str) -> None:
        self.path, self._without = path, without

    def read(self) -> bytes | None:
        """What it holds; None where there is none. LakeError where it cannot be read: a link is never followed."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            why = "is a link, which is never followed" if error.errno == errno.ELOOP else error.strerror
            raise LakeError(f"{self.path.name}: cannot be read ({why}); {self._without}") from error

    @contextmanager
    def alone(self) -> Generator[None]:
        """Between reading the file and replacing it no other process changes it; the kernel ends a dead one's lock."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = self.path.with_name(f".{self.path.name}.lock")
            descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._refused(error) from error
        try:
            self._wait(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _wait(self, descriptor: int) -> None:
        over = time.monotonic() + _LOCK_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > over:
                    text = f"{self.path.name}: another process has been changing it for {_LOCK_S:g} s; try again"
                    raise TemporaryError(text) from error
                time.sleep(0.02)
            else:
                return

    def replace(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Written beside, synced and renamed: readers find the old list or the new one, a full disk leaves the old."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(rows, indent=2).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            with suppress(OSError):  # a disk that has become read-only refuses that too
                beside.unlink(missing_ok=True)
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> DiskError:
        return DiskError(
            f"{self.path.name}: cannot be written ({error.strerror}); nothing was changed; free space or rights"
        )
