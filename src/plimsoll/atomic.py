"""Replacing a small file whole: the only place that does so outside the lake, whose files are never replaced."""

import os
from contextlib import suppress
from pathlib import Path

from plimsoll.errors import DiskError


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Makes `path` hold `data`, whole or not at all; what was there before stays if the disk refuses.

    Writes beside (mode 0600, a link is never followed), syncs, renames, syncs the folder. Not `durable`: without the
    two syncs, for state that may be lost with the power. Raises `DiskError`, which names the path and the reason.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "delivered.json"
    >>> write_atomically(path, b"{}")
    >>> path.read_bytes(), [other.name for other in path.parent.iterdir()]
    (b'{}', ['delivered.json'])
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        beside.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # a disk that has become read-only refuses that too
            beside.unlink(missing_ok=True)
        raise DiskError(f"{path}: cannot be written ({error.strerror or error}); it is as it was before") from error


def sync_folder(folder: Path) -> None:
    """Makes renames and deletions inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
