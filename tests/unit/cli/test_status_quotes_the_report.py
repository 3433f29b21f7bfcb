"""What `plimsoll status` quotes of the last report is readable, and inert where a stranger's name stands in it."""

import json
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.documents.situation import FILE
from plimsoll.publish.formatting import percent

REPORTED = {
    "window": {"end": "2026-01-16T07:00:00Z"},
    "detail": {
        "verdict": "Cannot tell.",
        "facts": f"Only {percent(23.2)} of the readings arrived; \x1b[2Jgpu\u202e crossed.",
        "total": 2,
        "counts": {"judged": 0, "tooNew": 0, "tooSeldom": 0, "silent": 2, "notDue": 0, "notSeen": 0},
    },
}


def test_numbers_keep_their_units_and_controls_are_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A narrow space before a unit was printed as its escape."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    latest = tmp_path / "data" / "published" / "latest"
    latest.mkdir(parents=True)
    (latest / FILE).write_text(json.dumps(REPORTED), encoding="utf-8")
    run(["status", "--project", str(tmp_path)])
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("report")]
    assert "Only 23.2 % of the readings arrived; \\x1b[2Jgpu\\u202e crossed." in line
    assert "(2026-01-16T07:00:00Z; 0 of 2 judged, 2 silent)" in line
