"""Where a lake may be: not where locks cannot be relied on, unless a person insists."""

from pathlib import Path
from typing import Final

from plimsoll.errors import UsageError

NETWORK: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"})


def refuse_network(folder: Path, *, allowed: bool) -> None:
    """Refuses a folder on a network file system."""
    if not allowed and (kind := filesystem(folder)) in NETWORK:
        raise UsageError(
            f"{folder}: is on a network file system ({kind}), whose locks cannot be relied on; use a local disk, share "
            "a lake by [lake] uri, or set [lake] allow_network_fs = true at your own risk"
        )


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
