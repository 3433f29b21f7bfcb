"""The audit: one line for everything that retention ever dropped; also the memory of which days are gone."""

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from plimsoll.errors import DiskError

AUDIT: Final = "retention.ndjson"


def read(root: Path) -> list[dict[str, object]]:
    """Everything that was ever dropped, oldest first."""
    path = root / AUDIT
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def note(root: Path, rows: Sequence[dict[str, object]]) -> None:
    """Writes lines down, durably, before what they tell of is done."""
    descriptor = os.open(root / AUDIT, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, "".join(json.dumps(row) + "\n" for row in rows).encode())
        os.fsync(descriptor)
    except OSError as error:
        raise DiskError(f"{root / AUDIT}: cannot be written ({error.strerror}); nothing was dropped") from error
    finally:
        os.close(descriptor)


def retired(root: Path, table: str) -> set[date]:
    """Days of a table whose rows were dropped: what comes late for them is not the whole day."""
    return {date.fromisoformat(str(row["day"])) for row in read(root) if row["table"] == table}
