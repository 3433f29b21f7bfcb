"""Atomic publication: a reader that starts at the manifest never sees a torn file or a mixed set.

Every file is written beside its place, synced and renamed; the dated folder first, then `latest/`, its manifest last.
"""

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from plimsoll import documents
from plimsoll.clock import rfc3339
from plimsoll.errors import DiskError

MANIFEST = "manifest.json"


def publish(root: Path, files: Mapping[str, bytes], *, start: datetime, end: datetime, generation: str) -> Path:
    """Publishes a set of files under `root/YYYY/MM/DD` and `root/latest`; gives the path of `latest`."""
    listing = {
        "window": {"start": rfc3339(start), "end": rfc3339(end)},
        "generation": generation,
        "files": {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in sorted(files.items())
        },
    }
    whole = {**files, MANIFEST: documents.encode(listing)}
    latest = root / "latest"
    for folder in (root / f"{end:%Y/%m/%d}", latest):
        try:
            _put(folder, whole)
        except OSError as error:
            raise DiskError(f"{folder}: cannot be published ({error.strerror}); what was there before stays") from error
    return latest


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
