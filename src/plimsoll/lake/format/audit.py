"""The audit: one line for everything that retention ever dropped; also the memory of which days are gone."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Final

from plimsoll.errors import DiskError

AUDIT: Final = "retention.ndjson"


def read(root: Path) -> list[dict[str, object]]:
    """Everything that was ever dropped, oldest first. A line that a crash has cut is none: nothing was dropped then."""
    path = root / AUDIT
    if not path.exists():
        return []
    found: list[dict[str, object]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError):
            row = json.loads(line)
            found += [row] if isinstance(row, dict) else []
    return found


def dropped(root: Path) -> dict[str, float]:
    """What was dropped, by table/name, and when (seconds since the epoch): no manifest names it again."""
    found: dict[str, float] = {}
    for row in read(root):
        found[f"{row.get('table')}/{row.get('file')}"] = datetime.fromisoformat(str(row["at"])).timestamp()
    return found


def note(root: Path, rows: Sequence[dict[str, object]]) -> None:
    """Writes lines down, durably, before what they tell of is done."""
    descriptor = os.open(root / AUDIT, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # a crash has left half a line
        os.write(descriptor, (("\n" if cut else "") + "".join(json.dumps(row) + "\n" for row in rows)).encode())
        os.fsync(descriptor)
    except OSError as error:
        raise DiskError(f"{root / AUDIT}: cannot be written ({error.strerror}); nothing was dropped") from error
    finally:
        os.close(descriptor)


def retired(root: Path, table: str) -> set[date]:
    """Days of a table whose rows were dropped: what comes late for them is not the whole day."""
    return {date.fromisoformat(str(row["day"])) for row in read(root) if row["table"] == table}
