"""`plimsoll sql` answers about instants in every format, and every table that the documentation names can be asked."""

import csv
import io
import json
import re
import resource
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plimsoll.cli import run
from plimsoll.lake import Lake
from plimsoll.tables import COLLECTIONS, RESOURCES, SAMPLES

LIMITS = resource.getrlimit(resource.RLIMIT_DATA)
NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
HOWTO = Path(__file__).parents[3] / "docs" / "howto"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with rows in every table: a day that is rolled up, an open segment, learnt partitions."""
    root = tmp_path_factory.mktemp("sql") / "project"
    root.mkdir()
    (root / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    lake = Lake(root / "data" / "lake")
    keys = {"resource_id": "a", "source": "t"}
    lake.append(RESOURCES, [{"ts": NOON, **keys, "name": "a", "type": "cluster"}], collector="t")
    lake.append(SAMPLES, [{"ts": NOON, **keys, "device": "", "gpu_power_w": 300.0}], collector="t")
    lake.append(
        COLLECTIONS,
        [{"ts": NOON, "source": "t", "target": "a", "ok": True, "duration_s": 0.1, "rows": 1}],
        collector="t",
    )
    lake.compact(now=NOON + timedelta(days=2))
    lake.roll_up(now=NOON + timedelta(days=2))
    late = NOON + timedelta(days=1, milliseconds=250)
    lake.append(SAMPLES, [{"ts": late, **keys, "device": "", "gpu_power_w": 310.0}], collector="t")
    for kind in ("baselines", "usual", "trends"):
        lake.replace(kind, "2026-01-16", pl.DataFrame({"learnt_at": [NOON], "resource_id": ["a"]}))
    return root


def asked(root: Path, statement: str, form: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints; it ends well."""
    assert run(["sql", statement, "--format", form, "--project", str(root)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("statement", ["select ts from samples order by ts", "select max(ts) as ts from samples"])
def test_instants_are_rfc3339_in_the_text_formats(
    root: Path, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In UTC, with the fraction that the reading has; no library of time zones is wanted for it."""
    table = asked(root, statement, "table", capsys).split()
    comma = [row["ts"] for row in csv.DictReader(io.StringIO(asked(root, statement, "csv", capsys)))]
    named = [row["ts"] for row in json.loads(asked(root, statement, "json", capsys))]
    assert table[1:] == comma == named
    assert named[-1] == "2026-01-17T12:00:00.250Z"
    assert all(map(_INSTANT.fullmatch, named))


def test_instants_stay_instants_in_parquet(root: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """With their zone, not as text."""
    assert (
        run(["sql", "select ts, gpu_power_w from samples order by ts", "--format", "parquet", "--project", str(root)])
        == 0
    )
    frame = pl.read_parquet(io.BytesIO(capfdbinary.readouterr().out))
    assert frame["ts"].to_list() == [NOON, NOON + timedelta(days=1, milliseconds=250)]
    assert frame["gpu_power_w"].to_list() == [300.0, 310.0]


def tables() -> Iterator[str]:
    """The tables that the how-to names as those that can be asked."""
    text = (HOWTO / "keep-the-lake.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"DuckDB in memory over (.*?)\. Nothing", text, re.DOTALL)
    yield from re.findall(r"`(\w+)`", named)


@pytest.mark.parametrize(
    ("table", "form"),
    [*((table, "csv") for table in tables()), ("hours", "table"), ("hours", "json"), ("hours", "parquet")],
)
def test_every_documented_table_gives_its_rows(
    root: Path, table: str, form: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Each holds at least one instant; none is empty here."""
    assert run(["sql", f"from {table}", "--format", form, "--project", str(root)]) == 0
    said = capfdbinary.readouterr().out
    if form == "parquet":
        frame = pl.read_parquet(io.BytesIO(said))
        assert frame.height >= 1
        assert any(isinstance(kind, pl.Datetime) for kind in frame.schema.values())
    else:
        assert re.search(rb"2026-01-16", said), said


def examples() -> Iterator[str]:
    """Every command of the how-tos that asks the lake; `...` stands for what a reader fills in."""
    for page in sorted(HOWTO.glob("*.md")):
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith("plimsoll sql") and "..." not in line:
                yield line


@pytest.mark.parametrize("line", list(examples()))
def test_the_statements_of_the_how_tos_are_answered(root: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Word for word."""
    assert run([*shlex.split(line, comments=True)[1:], "--project", str(root)]) == 0
    assert capsys.readouterr().err == ""


def test_what_no_frame_can_carry_comes_as_text_and_sums_are_numbers(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Intervals as DuckDB writes them; a sum of counts is a number in JSON, whatever width it has inside."""
    said = json.loads(
        asked(
            root, "select sum(rows) n, interval 90 minute i, sqrt(2) * 'nan'::double x from collections", "json", capsys
        )
    )
    assert said == [{"n": 1, "i": "01:30:00", "x": None}]


def test_two_columns_of_one_name_are_refused_where_one_would_be_lost(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table shows both; JSON and Parquet cannot."""
    assert asked(root, "select 1 as a, 2 as a", "csv", capsys) == "a,a\n1,2\n"
    for form in ("json", "parquet"):
        assert run(["sql", "select 1 as a, 2 as a", "--format", form, "--project", str(root)]) == 2
        assert 'two columns are called "a"' in capsys.readouterr().err


@pytest.mark.parametrize(
    "statement",
    ["select length(repeat('x', 3500000000))", "select len(range(0, 450000000))", "select repeat('x', 3500000000)"],
)
def test_one_value_that_a_function_makes_very_large_is_refused(
    root: Path, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB's own bound does not count it, and cannot interrupt it: it took the memory of the machine."""
    assert run(["sql", statement, "--memory", "64", "--timeout", "5", "--project", str(root)]) == 2
    assert capsys.readouterr().err.startswith("plimsoll: sql: needs more than 64 MB; ask for less")
    assert resource.getrlimit(resource.RLIMIT_DATA) == LIMITS
