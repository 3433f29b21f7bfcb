"""Atomic publication: a reader that starts at the manifest never sees a torn file or a mixed set.

Every file is written beside its place, synced and renamed; the dated folder first, then `latest/`, its manifest last.
Reports of several kinds live in one folder: the manifest says of every file which window and which state of the lake
it was made from, and a publication renews its own files' entries only.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from plimsoll import documents
from plimsoll.clock import rfc3339
from plimsoll.errors import DiskError

MANIFEST = "manifest.json"
SCHEMAS = {
    name: name.replace(".json", ".schema.json")
    for name in ("performance.json", "optimization.json", "anomalies.json", "capacity.json")
}


def publish(root: Path, files: Mapping[str, bytes], *, start: datetime, end: datetime, generation: str) -> Path:
    """Publishes a set of files under `root/YYYY/MM/DD` and `root/latest`; gives the path of `latest`."""
    window = {"start": rfc3339(start), "end": rfc3339(end)}
    entries = {
        name: {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "schema": SCHEMAS.get(name),
            "window": window,
            "generation": generation,
        }
        for name, data in files.items()
    }
    latest = root / "latest"
    with _alone(root):
        for folder in (root / f"{end:%Y/%m/%d}", latest):
            try:
                listing = {"files": dict(sorted({**_listed(folder), **entries}.items()))}
                _put(folder, {**files, MANIFEST: documents.encode(listing)})
            except OSError as error:
                text = f"{folder}: cannot be published ({error.strerror}); what was there before stays"
                raise DiskError(text) from error
    return latest


@contextmanager
def _alone(root: Path) -> Generator[None]:
    """One publisher at a time: two would forget one another's entries."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DiskError(f"{root}: cannot be published to ({error.strerror}); what was there before stays") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _listed(folder: Path) -> dict[str, Any]:
    """The entries of the files that are there already; a manifest that cannot be read names none."""
    try:
        entries: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())["files"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}
    return {name: entry for name, entry in entries.items() if (folder / name).is_file()}


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    """All beside first, so that the time between the first rename and the last is short; the manifest is last."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside: dict[str, Path] = {}
    for name, data in files.items():
        path = folder / f".tmp-{os.getpid()}-{name}"
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside[name] = path
    for name in sorted(files, key=lambda name: (name == MANIFEST, name)):
        beside[name].rename(folder / name)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
