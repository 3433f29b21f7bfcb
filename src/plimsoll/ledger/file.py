"""The ledger's file as the system sees it: whose it is, that it is not a link, and that it was there before.

A ledger that is gone is not begun anew in silence: every window would be made, and mailed, a second time.
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from plimsoll.errors import LakeError

BEGAN: Final = "ledger.began"
"""Lies beside the ledger from its beginning on, and says that there was one."""


def prepare(path: Path) -> None:
    """Before it is written: made for its owner alone where there was none. LakeError for a link or a lost file."""
    refuse_what_is_not_ours(path)
    prepare_copy(path)


def prepare_copy(path: Path) -> None:
    """As `prepare`, for a copy that is to be made: there was none before. LakeError for a link."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _refuse_link(path)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    for one in (path.parent, path, *(path.with_name(path.name + tail) for tail in ("-wal", "-shm"))):
        _close_to_strangers(one)


def began(path: Path) -> None:
    """Notes that there is a ledger, for good."""
    beside = path.with_name(BEGAN)
    if not beside.exists():
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))


def refuse_what_is_not_ours(path: Path) -> None:
    """LakeError for a link in its place, and where there was one before and is none now."""
    _refuse_link(path)
    if path.with_name(BEGAN).exists() and not path.exists():
        raise LakeError(
            f"{path.name}: the ledger was here and is gone; restore a copy of it (plimsoll backup makes them), or"
            f" remove {BEGAN} to begin a new one, which makes the reports of the last days again"
        )


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise LakeError(f"{path}: is a link, which is never followed; put the ledger itself there")


def _close_to_strangers(path: Path) -> None:
    """Only the owner, and a group that was set on purpose, may read it. Files of other owners stay as they are."""
    with contextlib.suppress(OSError):
        found = path.stat(follow_symlinks=False)
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & stat.S_IRWXO:
            path.chmod(stat.S_IMODE(found.st_mode) & ~stat.S_IRWXO, follow_symlinks=True)
