"""SQL sees what every other reader sees, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.errors import UsageError
from plimsoll.lake import Lake
from plimsoll.lake.sql import Bounds, ask
from plimsoll.tables import SAMPLES
from tests.strangers import frame

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)


def row(minute: int, cpu: float) -> dict[str, object]:
    """A reading."""
    keys = {"resource_id": "a", "device": "", "source": "t"}
    return {"ts": NOON + timedelta(minutes=minute), **keys, "cpu_utilization_pct": cpu}


def lake_in(root: Path) -> Lake:
    """A compacted day, and an open segment that overwrites one of its rows and adds another."""
    lake = Lake(root)
    lake.append(SAMPLES, [row(0, 1.0), row(1, 2.0)], collector="t")
    lake.compact(now=NOON)
    lake.append(SAMPLES, [row(1, 20.0), row(2, 3.0)], collector="t")
    return lake


def test_the_last_write_wins_also_in_sql(tmp_path: Path) -> None:
    """Day files and open segments are one table, with every column of the catalogue."""
    snapshot = lake_in(tmp_path / "la'ke").snapshot()
    answer = ask(snapshot, "select cpu_utilization_pct, gpu_power_w from samples order by ts", Bounds())
    assert answer.columns == ["cpu_utilization_pct", "gpu_power_w"]
    assert answer.rows == [(1.0, None), (20.0, None), (3.0, None)]
    assert ask(snapshot, "select count(*) from rollups", Bounds()).rows == [(0,)]
    assert ask(Lake(tmp_path / "none").snapshot(), "select count(*) from samples", Bounds()).rows == [(0,)]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("select * from read_csv_auto('/etc/passwd')", "Permission Error"),
        ("select * from read_text('../../../../etc/passwd')", "Permission Error"),
        ("copy samples to 'x.csv'", "one query at a time"),
        ("install httpfs", "one query at a time"),
        ("set enable_external_access = true", "one query at a time"),
        ("select 1; drop view samples", "one query at a time"),
        ("attach 'x.db'", "one query at a time"),
        ("select nothing from samples", "Binder Error"),
        ("selec", "Parser Error"),
        ("", "one query at a time"),
        ("select count(*) from range(100000000000) t(x), range(1000) where x % 7 = 3", "took longer than 0.2 s"),
        ("select * from range(101)", "more than 100 rows"),
    ],
)
def test_everything_else_is_refused_in_one_line(tmp_path: Path, statement: str, why: str) -> None:
    """Other files, writing, extensions, settings, endless and endlessly large answers."""
    snapshot = lake_in(tmp_path / "lake").snapshot()
    with pytest.raises(UsageError, match=why) as refused:
        ask(snapshot, statement, Bounds(seconds=0.2, rows=100))
    assert "\n" not in str(refused.value)


def test_a_lake_without_rollups_has_their_columns(tmp_path: Path) -> None:
    """A query that is right tomorrow is no error today: the same names and kinds, and no rows."""
    lake = lake_in(tmp_path)
    tables = ("hours", "hour_buckets", "days", "day_buckets", "rollups")

    def told() -> dict[str, list[tuple[object, ...]]]:
        return {name: [row[:2] for row in ask(lake.snapshot(), f"DESCRIBE {name}", Bounds()).rows] for name in tables}

    before = told()
    lake.compact(now=NOON + timedelta(days=1))
    assert lake.roll_up(now=NOON + timedelta(days=2)) == 1
    assert told() == before
    assert ("bucket", "SMALLINT") in before["day_buckets"]


def test_memory_has_a_bound(tmp_path: Path) -> None:
    """An answer that does not fit is refused, the process lives on."""
    snapshot = lake_in(tmp_path / "lake").snapshot()
    with pytest.raises(UsageError, match="needs more than 50 MB"):
        ask(snapshot, "select list(x) from range(50000000) t(x)", Bounds(memory_mb=50))


WRITING = [
    "COPY (SELECT 1 AS x) TO '{to}' (FORMAT csv)",
    "CREATE TABLE x AS SELECT 1",
    "INSERT INTO empty_samples (resource_id) VALUES ('x')",
    "ATTACH '{to}'",
    "EXPORT DATABASE '{to}'",
]


DRESSED = ("{}", "EXPLAIN ANALYZE {}", "explain/**/analyze {}", "-- a word\nEXPLAIN (ANALYZE) {}", "EXPLAIN {}")


@pytest.mark.parametrize("writing", WRITING)
def test_nothing_is_written_however_it_is_dressed(tmp_path: Path, writing: str) -> None:
    """Neither a file of the lake nor one beside it, under the plan of a statement either; not one byte changes."""
    snapshot = lake_in(tmp_path / "lake").snapshot()
    day = next((tmp_path / "lake" / "samples").glob("d-*.parquet"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for dress in DRESSED:
        for to in (day, tmp_path / "lake" / "MANIFEST.json", tmp_path / "beside"):
            with pytest.raises(UsageError):
                ask(snapshot, dress.format(writing.format(to=to)), Bounds())
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN ANALYZE SELECT 1",
        "WITH gone AS (DELETE FROM empty_samples RETURNING *) SELECT * FROM gone",
        "SELECT * FROM read_text('{lake}/MANIFEST.json')",
        "SELECT * FROM read_blob('{lake}/../secret.txt')",
        "SELECT * FROM glob('{lake}/*')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM 'http://127.0.0.1:9/x.parquet'",
        "FROM sqlite_scan('{lake}/../secret.txt', 'x')",
        "FROM snapshot",
        "LOAD json",
        "CALL pragma_version()",
        "PRAGMA database_list",
        "BEGIN",
        "PREPARE v AS SELECT 1",
        "SET VARIABLE x = 1",
        "VACUUM",
        "CHECKPOINT",
    ],
)
def test_nothing_else_of_the_machine_is_reached(tmp_path: Path, statement: str) -> None:
    """Other files, also those of the lake that hold no rows; the network; settings; the program's own variables."""
    snapshot = lake_in(tmp_path / "lake").snapshot()
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    with pytest.raises(UsageError):
        ask(snapshot, statement.format(lake=tmp_path / "lake"), Bounds())


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM samples",
        "  -- how many\n SELECT count(*) FROM samples ;",
        "WITH x AS (SELECT 1) FROM x",
        "VALUES (1), (2)",
        "DESCRIBE samples",
        "SHOW TABLES",
        "SUMMARIZE samples",
        "EXPLAIN SELECT count(*) FROM samples",
        "explain (select 1)",
        "FROM samples LIMIT 1",
    ],
)
def test_every_way_to_ask_is_answered(tmp_path: Path, statement: str) -> None:
    """Queries, and what describes tables and plans."""
    answer = ask(lake_in(tmp_path / "lake").snapshot(), statement, Bounds())
    assert answer.columns
    assert answer.rows


@pytest.mark.parametrize(
    "times",
    [
        "'290000-01-01'::timestamp",
        "'infinity'::timestamptz",
        "'-infinity'::date",
        "'0001-01-01 (BC)'::date",
        "'10000-01-01'::timestamp_s",
        "[date '2026-01-16', 'infinity'::date]",
        "{'a': {'b': ['10000-01-01'::timestamptz]}}",
    ],
)
def test_a_time_that_python_does_not_have_is_refused_by_its_column(tmp_path: Path, times: str) -> None:
    """One line, and how to read it all the same; the library that carries the rows ended the program."""
    snapshot = Lake(tmp_path / "lake").snapshot()
    with pytest.raises(UsageError, match=r'^sql: "odd" has times beyond the years 1 to 9999; CAST'):
        ask(snapshot, f"select 1 as fine, {times} as odd", Bounds())
    assert len(ask(snapshot, f"select cast({times} as varchar) as odd", Bounds()).rows) == 1


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31"])
def test_the_first_and_the_last_day_are_told(tmp_path: Path, day: str) -> None:
    """With the last second of them, in every kind of column, and beside nothing."""
    wanted = (
        f"select '{day}'::date, '{day} 23:59:59.999'::timestamp, '{day} 23:59:59'::timestamptz, null::date, []::date[]"
    )
    told = ask(Lake(tmp_path / "lake").snapshot(), wanted, Bounds()).rows[0]
    first, second, third = told[:3]
    assert [str(one)[:10] for one in (first, second, third)] == [day] * 3
    assert told[3:] == (None, [])


def test_so_many_rows_are_answered_and_one_more_is_refused(tmp_path: Path) -> None:
    """In words that say what to do; names, twice the same one, and what stands in no table."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, frame("a", 3), collector="t")
    snapshot = lake.snapshot()
    three = ask(snapshot, "select resource_id, cpu_utilization_pct from samples", Bounds(rows=3))
    assert (three.frame.height, list(three.columns)) == (3, ["resource_id", "cpu_utilization_pct"])
    with pytest.raises(UsageError, match="more than 2 rows; add a limit"):
        ask(snapshot, "select * from samples", Bounds(rows=2))
    assert list(three.named().columns) == ["resource_id", "cpu_utilization_pct"]
    with pytest.raises(UsageError, match='two columns are called "a"'):
        ask(snapshot, "select 1 as a, 2 as a", Bounds()).named()
    assert ask(snapshot, "select 1 as a, 2 as a", Bounds()).rows == [(1, 2)]
    with pytest.raises(UsageError, match=r"took longer than 0\.2 s"):
        ask(snapshot, "select count(*) from range(100000000000) a, range(1000) b", Bounds(seconds=0.2))
    (plan,) = ask(snapshot, "explain select 1", Bounds()).rows
    assert plan
    for statement in ("select 1; select 2", "explain analyze select 1", "explain copy samples to 'x'", "", "set x = 1"):
        with pytest.raises(UsageError):
            ask(snapshot, statement, Bounds())


def test_a_statement_leaves_no_database_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory is given back when it is answered, and when it is refused."""
    import duckdb

    opened: list[duckdb.DuckDBPyConnection] = []
    connect = duckdb.connect

    def noted(database: str) -> duckdb.DuckDBPyConnection:
        opened.append(connect(database))
        return opened[-1]

    monkeypatch.setattr(duckdb, "connect", noted)
    snapshot = Lake(tmp_path / "lake").snapshot()
    ask(snapshot, "select 1", Bounds())
    with pytest.raises(UsageError):
        ask(snapshot, "select nothing", Bounds())
    assert len(opened) == 2
    for one in opened:
        with pytest.raises(duckdb.ConnectionException):
            one.execute("select 1")
