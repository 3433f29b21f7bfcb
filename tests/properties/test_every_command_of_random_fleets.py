"""Every command that reads and every job, over random fleets: an answer, never a traceback or a half document.

`PLIMSOLL_TEST_MORE=1` draws many more fleets, one of 300 resources among them.
"""

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Never

import jsonschema
import pytest

from plimsoll.cli import run
from plimsoll.clock import rfc3339
from plimsoll.project.folder import Project
from tests.random_fleets import END, RandomFleet, drawn
from tests.shared import ROOT

MORE = os.environ.get("PLIMSOLL_TEST_MORE") == "1"
SEEDS = range(40) if MORE else range(8)
SCHEMAS = Path(os.environ.get("PLIMSOLL_SHARED", ROOT.parent / "shared")) / "spec" / "schemas"
JOBS = tuple(sorted(path.stem for path in (ROOT / "jobs").glob("*.py") if path.stem != "collect"))
DOCUMENTS = ("performance", "optimization", "anomalies", "capacity")
ASKED = (
    ("performance", "--time-range", "24h", "--granularity", "1h"),
    ("performance", "--time-range", "30d", "--granularity", "1d"),
    ("optimization",),
    ("optimization", "--time-range", "7d"),
    ("anomalies", "--time-range", "24h", "--granularity", "15m"),
    ("anomalies", "--time-range", "7d", "--granularity", "1h"),
    ("capacity",),
    ("capacity", "--horizon", "7d", "--demand", "+30%"),
    ("backtest", "forecasts"),
    ("backtest", "anomalies"),
)
REPORTS = ("daily", "weekly", "capacity")
OTHERS = (
    ("jobs",),
    ("status",),
    ("doctor",),
    ("outcomes",),
    ("outbox",),
    ("diff",),
    ("verify",),
    ("retention",),
    ("config", "show"),
    ("sql", "select count(*) as n, min(ts) as first, max(ts) as last from samples"),
    ("sql", "--format", "json", "select * from hours limit 3"),
)


def instants(fleet: RandomFleet) -> Iterator[datetime]:
    """At the end of the data, before it, in it, and three days and half a year after it."""
    for at in (END, fleet.start - timedelta(days=2), fleet.start + (END - fleet.start) / 2):
        yield at.replace(microsecond=0)
    yield from (END + timedelta(days=3), END + timedelta(days=180))


def refused_constant(name: str) -> Never:
    """NaN and Infinity are no JSON."""
    raise AssertionError(f"{name} in a document")


def strict(text: str) -> Any:  # noqa: ANN401 - JSON
    """JSON as strict readers take it."""
    return json.loads(text, parse_constant=refused_constant)


class Asked:
    """Commands on one project; each must end well."""

    def __init__(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        self.project, self.capsys = project, capsys

    def __call__(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """What a command prints, once its exit code and what it says on the terminal are in order."""
        self.capsys.readouterr()
        code = run([*arguments, "--project", str(self.project.root)])
        printed = self.capsys.readouterr()
        said = f"{' '.join(arguments)}: exit {code}\n{printed.err}"
        assert code in codes, said
        lowered = printed.err.lower()
        assert not any(word in lowered for word in ("traceback", "warning", "could not be made", "error:")), said
        assert not any(word in printed.out.lower() for word in ("traceback", " nan", "inf %")), said + printed.out
        return printed.out

    def document(self, *arguments: str) -> None:
        """A document, for people and for programs, as its schema has it."""
        self(*arguments)
        valid(arguments[0], self(*arguments, "--json"))


def valid(name: str, text: str) -> None:
    """Strict JSON, and what the specification says of it."""
    document = strict(text)
    schema = SCHEMAS / f"{name}.schema.json"
    if schema.is_file():
        jsonschema.validate(document, json.loads(schema.read_bytes()))


def published(project: Project) -> dict[str, Path]:
    """What lies in the published folder, by name."""
    folder = project.data / "published" / "latest"
    return {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}


def counts_agree(files: dict[str, Path], evidence: list[dict[str, Any]], status: str) -> None:
    """Every resource once: situation, evidence of each resource, page and `status` give the same counts."""
    detail = strict(files["situation.json"].read_text(encoding="utf-8"))["detail"]
    counts, total = detail["counts"], detail["total"]
    assert sum(counts.values()) == total
    each = Counter(one["detail"]["standing"] for one in evidence if one["subject"].startswith("coverage."))
    assert {_camel(name): n for name, n in each.items()} == {name: n for name, n in counts.items() if n}
    not_read = counts["silent"] + counts["notDue"] + counts["notSeen"]
    assert f"{not_read} not read at the end" in files["daily.html"].read_text(encoding="utf-8")
    said = re.search(r"(\d+) of (\d+) judged([^)]*)", status)
    assert said
    assert int(said[2]) == total
    assert int(said[1]) + sum(map(int, re.findall(r"(\d+) [a-z]", said[3]))) == total


def _camel(words: str) -> str:
    first, *rest = words.split()
    return first + "".join(map(str.capitalize, rest))


def calls(fleet: RandomFleet) -> list[tuple[str, ...]]:
    """Every command and job at every instant, in an order of the fleet's own."""
    found = [
        (*arguments, "--as-of", rfc3339(at))
        for at in instants(fleet)
        for arguments in (*ASKED, *(("run", job) for job in JOBS), *(("report", kind) for kind in REPORTS))
    ]
    found += [*OTHERS, ("rules", "test", "cpu_saturated", "--days", "3", "--as-of", rfc3339(END))]
    random.Random(fleet.seed).shuffle(found)
    return found


def through(fleet: RandomFleet, root: Path, capsys: pytest.CaptureFixture[str], *, most: int) -> int:
    """So many of the fleet's calls, each as it must end; then a daily report, its documents and its evidence.

    Gives the number of calls.
    """
    project = fleet.into(root / "project")
    asked = Asked(project, capsys)
    for arguments in calls(fleet)[:most]:
        if arguments[0] in DOCUMENTS:
            asked.document(*arguments)
        else:
            asked(*arguments, codes=(0, 1) if arguments in OTHERS else (0,))
    asked("report", "daily", "--as-of", rfc3339(END))
    files = published(project)
    for name in DOCUMENTS if fleet.resources else ("performance",):
        valid(name, files[f"{name}.json"].read_text(encoding="utf-8"))
    evidence = strict(files["evidence.json"].read_text(encoding="utf-8"))
    counts_agree(files, evidence, asked("status", codes=(0, 1)))
    asked("explain", evidence[-1]["subject"], codes=(0, 2))
    return len(calls(fleet)[:most])


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_fleet_through_every_command_and_job(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At, before, in and after its data: exit codes in order, no traceback, no warning, strict and valid documents."""
    most = 60 if MORE else 8
    assert through(drawn(seed), tmp_path, capsys, most=most) == most


@pytest.mark.slow
@pytest.mark.skipif(not MORE, reason="PLIMSOLL_TEST_MORE=1 draws it")
def test_a_large_random_fleet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same with 300 resources."""
    assert through(drawn(7, resources=300), tmp_path, capsys, most=60) == 60
