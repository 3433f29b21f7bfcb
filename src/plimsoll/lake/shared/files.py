"""File operations of a shared lake: an object store behind a local cache.

The manifest is always the store's; only a process that has read the current one can replace it. Day files and
segments never change, so they are fetched once, verified, and kept in the lake's folder as a cache. New files are
written to the folder first; a day file is in the store before a manifest that names it.
"""

import hashlib
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.audit import AUDIT
from plimsoll.lake.format.files import TEMPORARY, UNNAMED, Files, publish, require_free_space
from plimsoll.lake.format.manifest import Manifest, day_of
from plimsoll.lake.format.segments import Segment, checksum
from plimsoll.lake.read.integrity import CHANGED
from plimsoll.lake.stores import Store, WriteConflict
from plimsoll.tables import TABLES

_AT_ONCE: Final = 16
_DERIVED: Final = "derived"
_ORPHAN_S: Final = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class _Known:
    """The manifest as it was last read: its tag, and what it says; None where there is none, or it is damaged."""

    tag: str | None
    manifest: Manifest | None


class SharedFiles(Files):
    """The operations of a lake's folder `root`, over a store."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root, self.store = root, store
        self._known = _Known(None, None)
        self._modified_s: dict[str, float] = {}
        self._doomed: list[str] = []

    def read(self, path: Path | str) -> bytes:
        """A file: manifests are the store's, what never changes is proven by its own name and fetched anew if wrong."""
        path = Path(path)
        key = self._key(path)
        if key in (manifests.NAME, manifests.PREVIOUS):
            return self._manifest(path, key)
        if key is not None and proof(path.name) is not None:
            with suppress(FileNotFoundError):
                data = super().read(path)
                if proven(path.name, data):
                    return data
            return self._fetch(path, key)
        return super().read(path)

    def size(self, path: Path) -> int:
        """Bytes of a file, which is in the cache from then on."""
        key = self._key(path)
        if key is not None and proof(path.name) is not None:
            if not path.exists():
                self._fetch(path, key)
            with suppress(OSError):
                # used now: the cache lets go of what was not used for long; when it was written says which file it is
                os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        return super().size(path)

    def identity(self, path: Path) -> tuple[int, int, int]:
        """Which file it is; it is in the cache from then on."""
        self.size(path)
        return super().identity(path)

    def rename(self, source: Path, target: Path) -> None:
        """Publishes: the manifest by a conditional PUT after all that it names; what is derived at once."""
        key = self._key(target)
        try:
            if key == manifests.NAME:
                self._put_manifest(super().read(source))
            elif key == manifests.PREVIOUS or (key or "").startswith(f"{_DERIVED}/"):
                self.store.put(key or "", super().read(source))
        except BaseException:
            super().delete(source)
            raise
        super().rename(source, target)

    def delete(self, path: Path) -> None:
        """Removes a file here; in the store too if it is derived, or the manifest calls it replaced."""
        key, known = self._key(path), self._known.manifest
        if key is not None and key.startswith(f"{_DERIVED}/"):
            self.store.delete([key])
        elif key is not None and known is not None and key in known.replaced:
            self._doomed.append(key)
        super().delete(path)

    def names(self, folder: Path) -> list[str]:
        """The store's names in a table, and what is being written here; other folders are those of this machine."""
        if folder.parent != self.root or folder.name not in TABLES:
            return super().names(folder)
        here = super().names(folder)  # first: what another process fetches meanwhile is not to be deleted
        entries = self.store.names(folder.name)
        self._modified_s |= {f"{folder.name}/{entry.name}": entry.modified_s for entry in entries}
        there = {entry.name for entry in entries}
        for name in here:
            if Segment.parse(name) is not None and name not in there:
                super().delete(folder / name)  # merged, and deleted after its grace period by the compactor
        self._fetch_all(folder / name for name in sorted(there - set(here)) if self._is_open(folder.name, name))
        return sorted(there | {name for name in here if name.startswith(TEMPORARY)})

    def sync_folder(self, folder: Path) -> None:
        """Carries deletions out in the store, many at once, and makes what was done here durable."""
        doomed, self._doomed = self._doomed, []
        self.store.delete(doomed)
        if folder.exists():
            super().sync_folder(folder)

    def mirror(self) -> None:
        """Brings what was derived, and the record of what was dropped, as the store has them."""
        with suppress(FileNotFoundError):
            audit = self.store.get(AUDIT).data
            if not (self.root / AUDIT).exists() or len(audit) > super().size(self.root / AUDIT):
                publish_here(self.root / AUDIT, audit)
        for kind in self.store.folders(_DERIVED):
            folder = self.root / _DERIVED / kind
            here = {name for name in super().names(folder) if not name.startswith(TEMPORARY)}
            there = {entry.name for entry in self.store.names(f"{_DERIVED}/{kind}")}
            self._fetch_all(folder / name for name in sorted(there - here))
            for name in here - there:
                super().delete(folder / name)

    def sweep(self, now_s: float) -> int:
        """Sets day files aside that no manifest has named for a week: their writers lost a race, or died before it."""
        known = self._known.manifest
        if known is None:
            return 0
        counted = _named(known) | known.replaced.keys() | known.damaged.keys()
        old = [
            key
            for key, modified_s in self._modified_s.items()
            if day_of(key.rpartition("/")[2]) and key not in counted and modified_s < now_s - _ORPHAN_S
        ]
        for key in old:
            with suppress(FileNotFoundError):  # who swept first has put it there
                self.store.put(f"{UNNAMED}/{key}", self.store.get(key).data)
        self.store.delete(old)
        return len(old)

    def _key(self, path: Path) -> str | None:
        """The key of what the store holds; None: the file is only this machine's."""
        if not path.is_relative_to(self.root) or path.name.startswith(TEMPORARY):
            return None
        parts = path.relative_to(self.root).parts
        shared = parts[0] in TABLES or parts[0] == _DERIVED or parts in ((manifests.NAME,), (manifests.PREVIOUS,))
        return "/".join(parts) if shared else None

    def _manifest(self, path: Path, key: str) -> bytes:
        try:
            stored = self.store.get(key)
        except FileNotFoundError:
            if key == manifests.NAME:
                self._known = _Known(None, None)
                super().delete(path)
            raise
        if key == manifests.NAME:
            self._known = _Known(stored.tag, _decoded(stored.data))
            if not path.exists() or super().read(path) != stored.data:
                publish_here(path, stored.data)  # for other processes of this machine, which only read
        return stored.data

    def _put_manifest(self, data: bytes) -> None:
        following, before = _decoded(data), self._known.manifest
        assert following is not None  # noqa: S101 - the program has just made it
        if before is not None and following.generation <= before.generation:
            raise WriteConflict(f"{self.store.uri}/{manifests.NAME}: another writer was faster; try again")
        # without a manifest before, what the store lists is what it has
        stored = _named(before) if before else self._modified_s.keys()
        for key in sorted(_named(following) - stored):
            self.store.put(key, self.read(self.root / key))
        with suppress(FileNotFoundError):
            self.store.put(AUDIT, super().read(self.root / AUDIT))
        tag = self.store.swap(manifests.NAME, data, self._known.tag)
        self._known = _Known(tag, following)

    def read_there(self, key: str) -> bytes:
        """A file as the store has it, proven by its name; damage is an OSError that says so."""
        for _ in range(2):  # what was cut on the way is whole the second time
            data = self.store.get(key).data
            if proven(key.rpartition("/")[2], data):
                return data
        raise OSError(0, CHANGED, key)

    def _fetch(self, path: Path, key: str) -> bytes:
        require_free_space(self, self.root)
        data = self.read_there(key)
        publish_here(path, data)
        return data

    def _fetch_all(self, paths: Iterable[Path]) -> None:
        """Many small files at once; one that is damaged or has just gone is found when it is to be used."""

        def fetch(path: Path) -> None:
            with suppress(OSError):
                self._fetch(path, path.relative_to(self.root).as_posix())

        listed = list(paths)
        if listed:
            with ThreadPoolExecutor(min(_AT_ONCE, len(listed))) as pool:
                list(pool.map(fetch, listed))

    def _is_open(self, table: str, name: str) -> bool:
        known = self._known.manifest
        gone = known is not None and (f"{table}/{name}" in known.replaced or f"{table}/{name}" in known.damaged)
        return Segment.parse(name) is not None and not gone


def proof(name: str) -> str | None:
    """The checksum in a file's name; None if the name has none."""
    if (named_day := day_of(name)) is not None:
        return named_day[1]
    if (segment := Segment.parse(name)) is not None:
        return segment.crc32
    stem, dot, suffix = name.rpartition(".")
    return stem.rpartition(".")[2] if dot and suffix == "parquet" and "." in stem else None


def proven(name: str, data: bytes) -> bool:
    """Whether the bytes match the checksum in the name."""
    expected = proof(name)
    return expected in (checksum(data), hashlib.sha256(data).hexdigest()[:16])


def publish_here(path: Path, data: bytes) -> None:
    """Puts a fetched file into the cache: whole, but not synced: it can be fetched again."""
    publish(_Cache(), path, data)


class _Cache(Files):
    """The disk without syncs."""

    def write(self, path: Path, data: bytes) -> None:
        """Makes a new file."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(data)

    def sync_folder(self, folder: Path) -> None:
        """Nothing to make durable."""


def _named(manifest: Manifest) -> set[str]:
    return {f"{table}/{file.name}" for table, days in manifest.days.items() for file in days.values()}


def _decoded(raw: bytes) -> Manifest | None:
    with suppress(msgspec.DecodeError, msgspec.ValidationError):
        return msgspec.json.decode(raw.partition(b"\n")[2], type=Manifest)
    return None
