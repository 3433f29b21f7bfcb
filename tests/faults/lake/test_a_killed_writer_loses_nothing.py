"""F01: SIGKILL at any moment: what was acknowledged is there, once, and readable."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.lake import kill
from tests.shared import ROOT, needs_program


def test_killed_writers_lose_and_double_nothing() -> None:
    """F01: thirty real processes, killed while they append and compact (the command does as many as one likes)."""
    outcome = kill.run(30)
    assert outcome.acknowledged > 30 * 20
    assert (outcome.lost, outcome.doubled, outcome.unreadable) == (0, 0, 0)


@pytest.mark.system
def test_one_file_and_one_folder_are_synced_before_the_acknowledgement(tmp_path: Path) -> None:
    """Exactly two syncs: of the bytes before the rename, of the folder after it (strace)."""
    needs_program("strace")
    code = (
        "import os, sys; from pathlib import Path; from datetime import datetime, UTC;"
        "from plimsoll.lake import Lake; from plimsoll.tables import SAMPLES;"
        "lake = Lake(Path(sys.argv[1])); row = dict(ts=datetime(2026, 1, 1, tzinfo=UTC), resource_id='a', device='',"
        "source='t', cpu_utilization_pct=1.0); lake.append(SAMPLES, [row], collector='t');"
        "os.write(1, b'BEGIN'); lake.append(SAMPLES, [row], collector='t'); os.write(1, b'ACKNOWLEDGED')"
    )
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-o", str(trace), "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,write"]
    subprocess.run([*command, sys.executable, "-c", code, str(tmp_path / "lake")], check=True, cwd=ROOT)
    calls = re.search(r"BEGIN.*?ACKNOWLEDGED", trace.read_text(), re.DOTALL)
    assert calls is not None
    found = re.findall(r"\b(fsync|fdatasync|rename\w*)\(", calls[0])
    assert found == ["fsync", "rename", "fsync"]
