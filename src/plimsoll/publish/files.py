"""Atomic publication: a reader that starts at the manifest never sees a torn file or a mixed set.

Every file is written beside its place, synced and renamed; the dated folder first, then `latest/`, its manifest last.
The manifest names of each file an object whose bytes never change; the file's plain name is for people and bookmarks.
Reports of several kinds live in one folder: the manifest says of every file which window and which state of the lake
it was made from, and a publication renews its own files' entries only.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from plimsoll import documents
from plimsoll.clock import instant, rfc3339
from plimsoll.errors import DiskError, LakeError, UsageError
from plimsoll.events import event

MANIFEST = "manifest.json"
OBJECTS = "objects"
_READERS_TAKE_S = 3600.0
SCHEMAS = {
    name: name.replace(".json", ".schema.json")
    for name in ("performance.json", "optimization.json", "anomalies.json", "capacity.json")
}


def publish(
    root: Path,
    files: Mapping[str, bytes],
    *,
    start: datetime,
    end: datetime,
    generation: str,
    revision: int = 1,
    replaces: str = "",
    changed: Sequence[str] = (),
    now: datetime | None = None,
) -> Path:
    """Publishes a set of files under its dated folder (`place`) and `root/latest`; gives the path of `latest`.

    `latest` only moves forward, file by file: what is there with a later window stays (a capacity review of this noon
    beside a revision of the morning's report). Where a page stays, the path of the dated folder is given. A window that
    ends after `now` was made by a clock that was ahead, and gives way.
    `revision` counts the publications of one window whose document differed; `replaces` is the SHA-256 of the last, and
    `changed` names the resources whose numbers moved since the first.
    """
    window = {"start": rfc3339(start), "end": rfc3339(end)}
    entries = {
        name: {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "schema": SCHEMAS.get(name),
            "window": window,
            "generation": generation,
            "revision": revision,
            **({"replaces": replaces} if replaces else {}),
            **({"changed": list(changed)} if changed and name.endswith(".json") else {}),
            "path": _object(name, data),
        }
        for name, data in files.items()
    }
    latest = root / "latest"
    with _alone(root):
        dated = root / place(root, _page_of(files), end, now)
        later = _later(listed(latest), end, now)
        forward = {name: data for name, data in files.items() if name not in later}
        for folder, own in ((dated, files), (latest, forward)) if forward else ((dated, files),):
            try:
                before = listed(folder)
                listing = {"files": dict(sorted({**before, **{name: entries[name] for name in own}}.items()))}
                _put(folder, {**own, MANIFEST: documents.encode(listing)})
                _forget(folder, {str(entry.get("path")) for entry in listing["files"].values()})
            except OSError as error:
                text = f"{folder}: cannot be published ({error.strerror}); what was there before stays"
                raise DiskError(text) from error
    event("publish", "published", files=len(files), bytes=sum(map(len, files.values())), revision=revision)
    stayed = [name for name in files if name in later and name.endswith(".html")]
    return dated if stayed or not forward else latest


def place(root: Path, page: str, end: datetime, now: datetime | None) -> str:
    """The dated folder of a window's page below `root`: `YYYY/MM/DD`, the day on which the window ends.

    The first window of a day keeps that name, since links lead there; another one that ends on the same day has
    `YYYY/MM/DD/HHMMSS`. A window that ends after `now` was made by a clock that was ahead, and gives way.
    """
    day = f"{end:%Y/%m/%d}"
    entry = listed(root / day).get(page)
    other = instant(entry["window"]["end"]) if entry else end
    return day if other == end or (now is not None and other > now) else f"{day}/{end:%H%M%S}"


def _page_of(files: Mapping[str, bytes]) -> str:
    """The page that a set belongs to: its own, or that of its PDF; empty where it has none."""
    pages = (name for name in files if name.endswith((".html", ".pdf")))
    return next((Path(name).with_suffix(".html").name for name in pages), "")


def _later(there: Mapping[str, Any], end: datetime, now: datetime | None) -> set[str]:
    """The files that are published with a later window already, which is not a window of the future."""
    ends = {name: instant(entry["window"]["end"]) for name, entry in there.items()}
    return {name for name, one in ends.items() if one > end and (now is None or one <= now)}


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


def listed(folder: Path) -> dict[str, Any]:
    """The entries of the files that are there already; a manifest that cannot be read names none."""
    try:
        entries: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())["files"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}
    return {name: entry for name, entry in entries.items() if (folder / name).is_file()}


def _object(name: str, data: bytes) -> str:
    """A name that belongs to these bytes alone: a reader that starts from a manifest reads exactly its set."""
    return f"{OBJECTS}/{hashlib.sha256(data).hexdigest()[:16]}-{name}"


def _forget(folder: Path, named: set[str]) -> None:
    """Removes objects that no manifest of this folder has named for an hour, and what a dead publisher left."""
    for path in folder.glob(".tmp-*"):
        path.unlink(missing_ok=True)
    for path in (folder / OBJECTS).iterdir():
        if f"{OBJECTS}/{path.name}" not in named and time.time() - path.stat().st_ctime > _READERS_TAKE_S:
            path.unlink(missing_ok=True)


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
    for name, data in files.items():
        target = folder / _object(name, data)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        if name != MANIFEST and not target.exists():
            os.link(beside[name], target)
    for name in sorted(files, key=lambda name: (name == MANIFEST, name)):
        beside[name].rename(folder / name)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def listed_as(page: Path) -> dict[str, Any]:
    """The manifest's entry of a published file; LakeError where the file is not what the manifest says."""
    try:
        data = page.read_bytes()
    except OSError as error:
        raise UsageError(f"{page}: cannot be read ({error.strerror})") from error
    entry: dict[str, Any] | None = listed(page.parent).get(page.name)
    if entry is None:
        raise UsageError(f"{page.name}: no manifest beside it names it; verify it where it was published")
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise LakeError(f"{page.name}: is not what was published; make it anew with --as-of {entry['window']['end']}")
    return entry
