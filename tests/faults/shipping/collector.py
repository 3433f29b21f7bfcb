"""A collecting process that may be killed at any moment: it writes down what it tries, and what was acknowledged.

`python -m tests.faults.shipping.collector PROJECT FIRST`: appends batches, and ships, until PROJECT/enough exists.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from plimsoll.clock import SystemClock
from plimsoll.errors import TemporaryError
from plimsoll.project import Project, builtin_root
from plimsoll.shipping import ship, way_of
from plimsoll.tables import SAMPLES

BATCH: Final = 5
SINCE: Final = datetime(2026, 1, 16, tzinfo=UTC)


def main(root: Path, first: int) -> None:
    """Appends batch `first` and those after it until somebody says `enough`; each row has a time of its own."""
    project = Project(root, builtin_root())
    lake, spool, way = project.lake, project.spool, way_of(project.config())
    assert spool is not None
    assert way is not None
    for batch in count(first):
        if (root / "enough").exists():
            break
        rows = [
            {
                "ts": SINCE + timedelta(seconds=batch * BATCH + n),
                "resource_id": spool.host,
                "device": "",
                "source": "t",
                "cpu_utilization_pct": 1.0,
            }
            for n in range(BATCH)
        ]
        _note(root / "tried", batch)
        lake.append(SAMPLES, rows, collector="x")
        _note(root / "acknowledged", batch)
        if batch % 3 == 0:
            try:
                ship(spool, way, SystemClock(), every_s=1.0, at_once=True)
            except TemporaryError as error:
                sys.stderr.write(f"{error}\n")


def _note(path: Path, batch: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, f"{batch}\n".encode())
    os.close(descriptor)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
