"""The Delta log says what the manifest says, over the very same files."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable, QueryBuilder

from plimsoll import tables
from plimsoll.cli import run
from plimsoll.lake import Lake
from plimsoll.lake.maintain import delta_log
from plimsoll.lake.maintain.delta_log import PublishedTable
from plimsoll.lake.settings import SharedPlace
from plimsoll.tables import SAMPLES
from tests.shared_lakes import NOW, readings

HERE = SharedPlace.model_validate({})


def published(lake: Lake) -> PublishedTable:
    """What a publication says of the samples."""
    return next(one for one in lake.publish_catalog(HERE, now=NOW) if one.table == "samples")


def counts(table: Path) -> tuple[int, int, int]:
    """Rows as deltalake counts them by its statistics, as DuckDB counts the files that it names, as deltalake reads."""
    delta = DeltaTable(table)
    named = [uri.removeprefix("file://") for uri in delta.file_uris()]
    found = duckdb.execute("select count(*) from read_parquet($1)", [named]).fetchall()
    return delta.count(), int(found[0][0]), pl.read_parquet(named).height


def days(lake: Lake, first: int, count: int, *, resource: str = "a") -> None:
    """Ten readings on each of so many days."""
    rows = [{**row, "ts": NOW - timedelta(days=first + n)} for n in range(count) for row in readings(resource, 0, 1)]
    lake.append(SAMPLES, [{**row, "device": str(k)} for row in rows for k in range(10)], collector="x")


def test_the_log_follows_the_lake_and_no_file_is_rewritten(tmp_path: Path) -> None:
    """New days come in, rewritten days go out and in within one version, retired days go out; counts stay equal."""
    lake = Lake(tmp_path / "lake")
    table = lake.root / "samples"
    days(lake, 0, 5)
    lake.compact(now=NOW)
    before = {path.name: path.stat().st_mtime_ns for path in table.glob("d-*.parquet")}
    first = published(lake)
    assert (first.files, first.added, first.removed, first.rows) == (5, 5, 0, 50)
    assert counts(table) == (50, 50, 50)
    assert {path.name: path.stat().st_mtime_ns for path in table.glob("d-*.parquet")} == before
    again = published(lake)
    assert (again.version, again.added, again.removed) == (first.version, 0, 0)
    days(lake, 4, 3, resource="b")
    lake.compact(now=NOW)
    assert counts(table) == (50, 50, 50), "until it is published, the replaced files are still there"
    second = published(lake)
    assert (second.version, second.added, second.removed) == (first.version + 1, 3, 1)
    assert counts(table) == (80, 80, 80)
    assert lake.snapshot().scan(SAMPLES).collect().height == 80
    lake.compact(now=NOW + timedelta(hours=1))
    assert counts(table) == (80, 80, 80), "what was deleted after its grace, the log no longer names"


def test_the_columns_of_the_log_grow_with_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of an older version gets the new columns; its old files have none of them, which is null."""
    lake = Lake(tmp_path / "lake")
    days(lake, 0, 2)
    lake.compact(now=NOW)
    older = replace(SAMPLES, columns=SAMPLES.columns[:-1])
    monkeypatch.setattr(delta_log, "TABLES", {"samples": older})
    lake.publish_catalog(HERE, now=NOW)
    monkeypatch.setattr(delta_log, "TABLES", tables.TABLES)
    published(lake)
    delta = DeltaTable(lake.root / "samples")
    assert [field.name for field in delta.schema().fields] == list(SAMPLES.names)
    assert delta.count() == 20


def test_an_instant_is_an_instant_for_others(tmp_path: Path) -> None:
    """Times read through the log are those that were written, in UTC."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, readings("a", 0, 3), collector="x")
    lake.compact(now=NOW)
    published(lake)
    table = DeltaTable(lake.root / "samples")
    batches = (
        QueryBuilder().register("samples", table).execute("select ts, cpu_utilization_pct from samples order by ts")
    )
    frame = pl.DataFrame(batches.read_all())
    assert frame["ts"].to_list() == [NOW + timedelta(seconds=n) for n in range(3)]
    assert frame["cpu_utilization_pct"].to_list() == [0.0, 1.0, 2.0]


def test_iceberg_is_refused_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit code 2."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n")
    assert run(["publish-catalog", "iceberg", "--project", str(tmp_path)]) == 2
    assert "iceberg is not published" in capsys.readouterr().err
