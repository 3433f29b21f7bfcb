"""A folder that several machines see: files appear whole, the manifest is swapped under a lock of the kernel.

Locks of network file systems are only as good as their server: with one owner, which is the rule, none is contended.
"""

import fcntl
import hashlib
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from plimsoll.lake.format.files import TEMPORARY, Files, publish
from plimsoll.lake.stores.contract import Entry, NoAnswer, StoredObject, WriteConflict

_LOCK: Final = "swap.lock"


class FolderStore:
    """A store in a folder; a folder that has vanished (not mounted) is an error, never an empty store.

    `made`: a folder that is not there is made by the first file.
    """

    def __init__(self, root: Path, *, made: bool = False, files: Files | None = None) -> None:
        self.root, self._made = root, made
        self._files = files or Files()

    @property
    def uri(self) -> str:
        """The folder."""
        return str(self.root)

    def get(self, key: str) -> StoredObject:
        """A whole file; its tag is its SHA-256."""
        self._mounted()
        try:
            data = self._files.read(self.root / key)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise NoAnswer(f"{self.root / key}: cannot be read ({error.strerror})") from error
        return StoredObject(data, hashlib.sha256(data).hexdigest())

    def put(self, key: str, data: bytes) -> None:
        """Written beside, synced, renamed, the folder synced."""
        self._mounted()
        publish(self._files, self.root / key, data)

    def swap(self, key: str, data: bytes, tag: str | None) -> str:
        """Compares and replaces under a lock."""
        self._mounted()
        with self._locked():
            try:
                now: str | None = self.get(key).tag
            except FileNotFoundError:
                now = None
            if now != tag:
                raise WriteConflict(f"{self.root / key}: another writer was faster; try again")
            publish(self._files, self.root / key, data)
        return hashlib.sha256(data).hexdigest()

    def names(self, folder: str) -> list[Entry]:
        """Regular files, without what is still being written."""
        self._mounted()
        found: list[Entry] = []
        try:
            with os.scandir(self.root / folder) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False) and not entry.name.startswith(TEMPORARY):
                        known = entry.stat(follow_symlinks=False)
                        found.append(Entry(entry.name, known.st_size, known.st_mtime))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise NoAnswer(f"{self.root / folder}: cannot be listed ({error.strerror})") from error
        return sorted(found, key=lambda entry: entry.name)

    def folders(self, folder: str) -> list[str]:
        """Folders, not links to some."""
        self._mounted()
        if not (self.root / folder).is_dir():
            return []
        return sorted(p.name for p in (self.root / folder).iterdir() if p.is_dir() and not p.is_symlink())

    def delete(self, keys: Sequence[str]) -> None:
        """Removes files, one by one."""
        self._mounted()
        for key in keys:
            try:
                self._files.delete(self.root / key)
            except OSError as error:
                raise NoAnswer(f"{self.root / key}: cannot be deleted ({error.strerror})") from error

    def _mounted(self) -> None:
        if not self._made and not self.root.is_dir():
            raise NoAnswer(f"{self.root}: is not there; mount it, or make the folder")

    @contextmanager
    def _locked(self) -> Generator[None]:
        try:
            descriptor = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise NoAnswer(f"{self.root / _LOCK}: cannot be opened ({error.strerror})") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
