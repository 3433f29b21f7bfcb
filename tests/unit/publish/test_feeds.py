"""Feeds for other programs: never a mixed set, never a formula, never a tag; templates that hold no arithmetic."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from plimsoll import documents
from plimsoll.cli import run
from plimsoll.delivery.post import encoded
from plimsoll.escaping import cell
from plimsoll.publish import files
from plimsoll.publish.render.csv_tables import csv_files
from plimsoll.publish.render.prometheus import metrics
from plimsoll.publish.views.situation import situation_of
from tests.reports import fleet_report
from tests.shared import ROOT

NOW = datetime(2026, 1, 16, tzinfo=UTC)
WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from plimsoll.publish import files
root, n = Path(sys.argv[1]), 0
while True:
    n += 1
    at = datetime(2026, 1, 16, tzinfo=UTC) + timedelta(seconds=n)
    body = str(n).encode() * 5000
    made = {"a.json": b"a" + body, "b.json": b"b" + body, "c.csv": b"c" + body}
    files.publish(root, made, start=at, end=at, generation=str(n))
"""


_HOSTILE = "rack\u2028alert\u2029 \u202egpj.exe\u2066 \x85\x7f\ufeff\U000e0041 \xe9\u6771"


def test_json_says_a_hostile_name_in_escapes_and_says_the_same() -> None:
    """No terminal, browser or reader of lines is turned by a name: every JSON that we write is printed text."""
    events = [{"resource": _HOSTILE, "n": number} for number in range(2)]
    made = {
        "a feed": b"".join(documents.encode(one, indent=0) for one in events),
        "a document": documents.encode({"resources": events}),
        "a webhook": encoded({"fleet": _HOSTILE, "kind": "daily", "state": "", "facts": "", "link": ""}),
    }
    for name, raw in made.items():
        text = raw.decode()
        assert all(c.isprintable() or c in "\n\t " for c in text), name
        assert "é" in text, "what is printed stays as it is"
        assert "\u6771" in text
    assert [json.loads(line) for line in made["a feed"].decode().splitlines()] == events
    assert json.loads(made["a document"]) == {"resources": events}
    assert json.loads(made["a webhook"])["fleet"] == _HOSTILE


def test_a_reader_never_sees_a_torn_or_mixed_set(tmp_path: Path) -> None:
    """A real process publishes as fast as it can; a reader starts a thousand times from the manifest."""
    files.publish(tmp_path, dict.fromkeys(("a.json", "b.json", "c.csv"), b"0"), start=NOW, end=NOW, generation="0")
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT) as writer:
        try:
            seen: set[str] = set()
            while (
                json.loads((tmp_path / "latest" / "manifest.json").read_bytes())["files"]["a.json"]["generation"] == "0"
            ):
                time.sleep(0.01)
            reads, until = 0, time.monotonic() + 60
            while reads < 1000 or (len(seen) <= 10 and time.monotonic() < until):
                reads += 1
                listed = json.loads((tmp_path / "latest" / "manifest.json").read_bytes())["files"]
                assert len({entry["generation"] for entry in listed.values()}) == 1
                for entry in listed.values():
                    data = (tmp_path / "latest" / entry["path"]).read_bytes()
                    assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
                seen.add(listed["a.json"]["generation"])
        finally:
            writer.kill()
    assert len(seen) > 10


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        *((bad, f"'{bad}") for bad in ("=HYPERLINK(1)", "+1", "-1", "@x", "|cmd", "  =1", "\uff1dcmd", "\ufe62 1")),
        ("\u3000=1", "\\u3000=1"),
        ("\t=1", "\\t=1"),
        ("\r=1", "\\r=1"),
        ("\ufeff=1", "\\ufeff=1"),
        ("\u202e=1", "\\u202e=1"),
        ("a;=1", "a;'=1"),
        ("a; +1", "a; '+1"),
        ("a-1; b=2", "a-1; b=2"),
    ],
)
def test_a_cell_is_never_a_formula(name: str, safe: str) -> None:
    """Bad input B64, behind blanks, invisible and full-width signs too; numbers stay numbers."""
    report = fleet_report(resources=3)
    hostile = replace(report, resources=[replace(report.resources[0], name=name), *report.resources[1:]])
    rows = list(csv.reader(io.StringIO(csv_files(hostile)["resources.csv"].decode(), newline="")))
    assert rows[1][1] == safe
    assert cell(-1.5) == -1.5


def test_the_text_file_is_a_valid_exposition_of_few_series() -> None:
    """Whatever the size of the fleet."""
    counts: list[int] = []
    for size in (3, 9):
        families = list(
            text_string_to_metric_families(
                metrics(fleet_report(resources=size), situation_of(fleet_report(resources=size))).decode()
            )
        )
        counts.append(sum(len(family.samples) for family in families))
        assert {"plimsoll_health_score", "plimsoll_resources"} <= {family.name for family in families}
    assert max(counts) < 40


def test_numbers_for_prometheus_have_every_digit() -> None:
    """A freshness rule lives on the end of the report: seconds since the epoch are not rounded to six digits."""
    report = fleet_report(resources=3)
    families = {one.name: one for one in text_string_to_metric_families(metrics(report, situation_of(report)).decode())}
    (end,) = families["plimsoll_report_end_seconds"].samples
    assert end.value == report.end.timestamp()
    (score,) = families["plimsoll_availability_percent"].samples
    assert score.value == report.document.overall.availability_score


def test_no_template_calculates_compares_or_trusts() -> None:
    """Templates place words; numbers, thresholds and escaping are not their business."""
    for path in sorted((ROOT / "reports" / "templates").glob("*.j2")):
        for found in re.findall(r"\{[{%].*?[}%]\}", path.read_text(encoding="utf-8"), re.DOTALL):
            inside = re.sub(r"\"[^\"]*\"|'[^']*'", "''", found)
            assert "|safe" not in inside.replace(" ", ""), (path.name, found)
            assert not re.search(r"[\w)\]]\s*(?:\+|\*|/|//|\*\*|<|>|<=|>=)\s*[\w(\[]", inside), (path.name, found)
            assert not re.search(r"==\s*\d{2,}|\s-\s", inside), (path.name, found)


def test_a_template_can_be_made_ones_own_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Eject copies, diff shows; an unknown name gets the nearest one."""
    assert run(["init", str(tmp_path / "p")]) == 0
    where = ["--project", str(tmp_path / "p")]
    assert run(["eject", "daily.html.j2", *where]) == 0
    own = tmp_path / "p" / "reports" / "templates" / "daily.html.j2"
    own.write_text("MINE\n" + own.read_text())
    capsys.readouterr()
    assert run(["diff", *where]) == 0
    assert "+MINE" in capsys.readouterr().out
    assert run(["eject", "daily.html.j2", *where]) == 2
    assert "is there already" in capsys.readouterr().err
    assert run(["eject", "dayly.html.j2", *where]) == 2
    assert "daily.html.j2" in capsys.readouterr().err
