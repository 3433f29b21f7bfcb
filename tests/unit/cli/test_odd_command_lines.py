"""Commands as people and pipes use them: odd ids, unknown words, a reader that leaves, a foreign language."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.lake import Lake
from plimsoll.tables import RESOURCES, SAMPLES

AT = datetime(2026, 1, 16, 18, tzinfo=UTC)
ODD = ("-rf", "*", "[bold]x[/bold]", "a'b", "ĲSSEL-İ")
AS_OF = ("--as-of", "2026-01-16T18:00:00Z")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of five resources with odd ids and of one that repeats a display name."""
    root = tmp_path_factory.mktemp("odd")
    (root / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    lake = Lake(root / "data" / "lake")
    facts = [
        {"ts": AT - timedelta(hours=1), "resource_id": one, "source": "t", "name": "same", "type": "cluster",
         "interval_s": 60.0}
        for one in ODD
    ]  # fmt: skip
    lake.append(RESOURCES, facts, collector="t")
    rows = [
        {"ts": AT - timedelta(minutes=n), "resource_id": one, "device": "", "source": "t", "cpu_utilization_pct": 50.0}
        for one in ODD
        for n in range(30)
    ]
    lake.append(SAMPLES, rows, collector="t")
    return root


def document(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    """The resources that `plimsoll performance --json` answers with."""
    assert run(["performance", "--json", *AS_OF, "--project", str(root), *words]) == 0
    resources: list[dict[str, object]] = json.loads(capsys.readouterr().out)["resources"]
    return resources


@pytest.mark.parametrize("resource_id", ODD)
def test_an_id_is_taken_literally(root: Path, capsys: pytest.CaptureFixture[str], resource_id: str) -> None:
    """B20: ids like options, patterns and markup name one resource, themselves."""
    found = document(root, capsys, f"--resource-id={resource_id}")
    assert [one["resourceId"] for one in found] == [resource_id]


def test_resources_of_one_name_are_told_apart(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B70: five of the same display name are five, each with its id."""
    found = document(root, capsys)
    assert {one["resourceName"] for one in found} == {"same"}
    assert {one["resourceId"] for one in found} == set(ODD)


def test_a_sum_of_percentages_is_answered_as_asked(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B51: the specification allows it: five readings of 50 in five minutes are 250."""
    found = document(root, capsys, "--resource-id=a'b", "--aggregation", "sum", "--granularity", "5m")
    assert "250" in json.dumps(found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["performanse"], "performance"),
        (["performance", "--tim-range", "1h"], "--time-range"),
        (["explain"], "argument"),
        (["performance", "--granularity"], "argument"),
    ],
)
def test_unknown_and_missing_words_are_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """B17: exit 2, one line, the nearest known name or what is missing."""
    assert run(words) == 2
    told = capsys.readouterr().err.strip()
    assert said in told
    assert "\n" not in told


def test_times_that_are_none_are_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B18: exit 2, the option, the value, how it is written."""
    assert run(["performance", "--as-of", "2026-13-01", "--project", str(root)]) == 2
    told = capsys.readouterr().err
    assert "--as-of" in told
    assert "2026-01-16" in told


def _started(root: Path, words: list[str], **more: str) -> "subprocess.Popen[bytes]":
    environment = {name: text for name, text in os.environ.items() if name not in ("HOME", "TZ", "LC_ALL", "LANG")}
    command = [sys.executable, "-m", "plimsoll", *words, *AS_OF, "--project", str(root)]
    return subprocess.Popen(command, env=environment | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_odd_surroundings_change_no_byte(root: Path) -> None:
    """F62: a Turkish locale, another zone, another seed of hashes, no home: the same document, byte for byte."""
    worlds = [
        {"PYTHONHASHSEED": "1", "HOME": str(root), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        {"PYTHONHASHSEED": "77", "LC_ALL": "tr_TR.UTF-8", "TZ": "Nowhere/At-All"},
    ]
    running = [_started(root, ["performance", "--json"], **world) for world in worlds]
    answers = [one.communicate() for one in running]
    assert [one.returncode for one in running] == [0, 0], answers
    assert answers[0][0] == answers[1][0]


def test_a_reader_that_leaves_is_no_error(root: Path) -> None:
    """B21: the pipe is closed before the first byte (`| head`): 141, and nothing is said."""
    running = _started(root, ["performance", "--json"])
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    said = running.stderr.read()
    running.stderr.close()
    assert (running.wait(), said) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_output_without_room_is_one_line(root: Path) -> None:
    """B19: what cannot be written is said in one line, with exit 74."""
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "plimsoll", "performance", "--json", *AS_OF, "--project", str(root)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 74
    assert done.stderr.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


def test_too_short_a_range_gives_no_advice(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B61: five minutes are enough for no advice: none is invented."""
    assert run(["optimization", "--json", "--time-range", "5m", *AS_OF, "--project", str(root)]) == 0
    resources = json.loads(capsys.readouterr().out)["resources"]
    assert len(resources) == len(ODD)
    assert [one for one in resources if one.get("recommendations")] == []
