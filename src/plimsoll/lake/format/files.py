"""The lake's only door to the disk: few operations, one object, so that tests can make the n-th one fail."""

import errno
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from plimsoll.errors import DiskError

TEMPORARY = ".tmp-"
UNNAMED = "quarantine/unnamed"
"""Where day files go that no manifest names and nothing is known to have replaced."""
_PIECE = 256 * 1024
LEAST_FREE_BYTES = 512 * 1024**2
LEAST_FREE_SHARE = 0.02


class Files:
    """The operations of the real file system; every refusal of the disk becomes one line with the path."""

    def write(self, path: Path, data: bytes) -> None:
        """Makes a new file with these bytes and syncs it; no other process may see it yet."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Gives a file its final name, at once."""
        source.rename(target)

    def sync_folder(self, folder: Path) -> None:
        """Makes renames and deletions inside the folder durable."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, path: Path | str) -> bytes:
        """All bytes of a regular file; a symbolic link or anything else is refused, never followed."""
        # a pipe in a file's place must not make a reader wait for its writer
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            data = os.read(descriptor, _PIECE)
            if 0 < len(data) < _PIECE:
                return data  # the usual case of a segment; a pipe gives nothing, a folder raises
            found = os.fstat(descriptor)
            _refuse_all_but_regular(found)
            parts = [data]
            while more := os.read(descriptor, found.st_size):
                parts.append(more)
            return b"".join(parts)
        finally:
            os.close(descriptor)

    def size(self, path: Path) -> int:
        """Bytes of a regular file; a symbolic link or anything else is refused, never followed."""
        found = path.lstat()
        _refuse_all_but_regular(found)
        return found.st_size

    def identity(self, path: Path) -> tuple[int, int, int]:
        """(bytes, time of change in ns, inode) of a regular file: another file in its place differs in one of them."""
        found = path.lstat()
        _refuse_all_but_regular(found)
        return found.st_size, found.st_mtime_ns, found.st_ino

    def space(self, folder: Path) -> tuple[int, int]:
        """(free bytes, all bytes) of the disk that holds a folder, or its nearest parent that exists."""
        while not folder.exists():
            folder = folder.parent
        usage = shutil.disk_usage(folder)
        return usage.free, usage.total

    def delete(self, path: Path) -> None:
        """Removes a file; one that is gone already is fine."""
        path.unlink(missing_ok=True)

    def names(self, folder: Path) -> list[str]:
        """The names in a folder, sorted; a folder that is not there is empty."""
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208 - names are wanted, not paths
        except FileNotFoundError:
            return []


def _refuse_all_but_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is a link or no regular file; never followed")


def publish(files: Files, path: Path, data: bytes) -> None:
    """Makes `path` hold `data`, whole or not at all, also through a power cut.

    Write beside, sync, rename, sync the folder: exactly two syncs. A refused disk leaves what was there before.
    """
    beside = path.with_name(f"{TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write(beside, data)
        files.rename(beside, path)
        files.sync_folder(path.parent)
    except OSError as error:
        # a file whose sync failed may be lost: it is given up, never synced again
        _give_up(files, beside)
        raise DiskError(f"{path}: cannot be written ({_reason(error)}); nothing was acknowledged") from error


def needed_free_bytes(total: int) -> int:
    """How much must stay free on a disk of this size before anything more is accepted."""
    return max(LEAST_FREE_BYTES, int(LEAST_FREE_SHARE * total))


def require_free_space(files: Files, folder: Path) -> None:
    """Refuses early: a full disk harms every program on it and leaves no space to clean up."""
    free, total = files.space(folder)
    least = needed_free_bytes(total)
    if free < least:
        raise DiskError(
            f"{folder}: {free // 1_000_000} MB free, {least // 1_000_000} MB must stay free; nothing was accepted; "
            "free some space (readings go on by themselves then)"
        )


def remove(files: Files, paths: Iterable[Path]) -> None:
    """Deletes files that nothing needs any more."""
    for path in paths:
        try:
            files.delete(path)
        except OSError as error:
            raise DiskError(f"{path}: cannot be deleted ({_reason(error)})") from error


def settle(files: Files, folders: Iterable[Path]) -> None:
    """Makes deletions durable."""
    for folder in folders:
        try:
            files.sync_folder(folder)
        except OSError as error:
            raise DiskError(f"{folder}: cannot be synced ({_reason(error)})") from error


def _give_up(files: Files, path: Path) -> None:
    try:
        files.delete(path)
    except OSError:
        return  # recovery removes what this process could not


def _reason(error: OSError) -> str:
    known = {
        errno.ENOSPC: "the disk is full; free some space",
        errno.EDQUOT: "the quota is used up; free some space",
        errno.EFBIG: "the file size limit is reached",
        errno.EROFS: "the file system is read-only",
        errno.EIO: "the disk reports an input/output error",
    }
    return known.get(error.errno or 0, error.strerror or str(error))
