"""SQL over the lake: DuckDB in memory, reading the snapshot's files and nothing else.

The files are named one by one; open segments are merged as every other reader does it, the last write of a key winning.
No other file can be read, nothing installed, no setting changed; time, memory and rows have bounds.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from plimsoll.errors import UsageError, shown
from plimsoll.lake.merging import ORDER, short_rows
from plimsoll.lake.rolling import KINDS
from plimsoll.lake.snapshot import Snapshot
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

_TYPES: Final = {
    "text": "VARCHAR",
    "instant": "TIMESTAMPTZ",
    "f32": "FLOAT",
    "f64": "DOUBLE",
    "int": "BIGINT",
    "bool": "BOOLEAN",
}
_ROLLUP_KEYS: Final = "hour TIMESTAMPTZ, resource_id VARCHAR, device VARCHAR, metric VARCHAR"
_TOTALS: Final = '"count" UINTEGER, "sum" DOUBLE, "min" DOUBLE, "max" DOUBLE'
_BUCKETS: Final = 'bucket SMALLINT, "count" UINTEGER'
_LEARNT: Final = ("baselines", "usual", "trends")
_BY_NAME: Final = " UNION ALL BY NAME "


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one statement may take."""

    seconds: float = 60.0
    memory_mb: int = 2048
    rows: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names and rows."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def ask(snapshot: Snapshot, statement: str, bounds: Bounds) -> Answer:
    """Runs one statement over the snapshot's tables; anything but reading is refused."""
    import duckdb

    connection = duckdb.connect(":memory:")
    timer = threading.Timer(bounds.seconds, connection.interrupt)
    try:
        _open(connection, snapshot, bounds)
        _refuse_all_but_reading(connection, statement)
        timer.start()
        cursor = connection.execute(statement)
        rows = cursor.fetchmany(bounds.rows + 1)
        columns = [str(one[0]) for one in cursor.description or ()]
    except duckdb.InterruptException as error:
        raise UsageError(f"sql: took longer than {bounds.seconds:g} s; ask for less, or give it --timeout") from error
    except duckdb.OutOfMemoryException as error:
        raise UsageError(f"sql: needs more than {bounds.memory_mb} MB; ask for less, or give it --memory") from error
    except duckdb.Error as error:
        raise UsageError(f"sql: {shown(str(error).splitlines()[0])}") from error
    finally:
        timer.cancel()
        connection.close()
    if len(rows) > bounds.rows:
        raise UsageError(f"sql: more than {bounds.rows:,} rows; add a limit, or aggregate")
    return Answer(columns, rows)


def _open(connection: Any, snapshot: Snapshot, bounds: Bounds) -> None:  # noqa: ANN401 - DuckDB's stubs name no type
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute(f"SET memory_limit = '{bounds.memory_mb}MB'")
    connection.execute(f"SET allowed_directories = [{_quoted(str(snapshot.root.resolve()))}]")
    connection.execute("SET enable_external_access = false")
    for table in TABLES.values():
        _lay_out(connection, snapshot, table)
    for kind in (*KINDS, *_LEARNT):
        if files := _derived(snapshot, kind):
            connection.execute(f"CREATE VIEW {kind} AS FROM read_parquet({_listed(files)})")
        elif kind in KINDS:
            numbers = _BUCKETS if "buckets" in kind else _TOTALS
            connection.execute(f"CREATE TABLE {kind} ({_ROLLUP_KEYS}, {numbers})")
    connection.execute("CREATE VIEW rollups AS FROM hours")
    connection.execute("SET lock_configuration = true")


def _refuse_all_but_reading(connection: Any, statement: str) -> None:  # noqa: ANN401
    import duckdb

    found = connection.extract_statements(statement)
    reading = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if len(found) != 1 or found[0].type not in reading:
        raise UsageError("sql: one SELECT at a time; the lake is only read")


def _lay_out(connection: Any, snapshot: Snapshot, table: Table) -> None:  # noqa: ANN401
    """A view: day files as they are; those with open segments merged, the last written row of each key winning."""
    name, names = table.name, ", ".join(table.names)
    columns = ", ".join(f"{column.name} {_TYPES[column.kind]}" for column in table.columns)
    connection.execute(f"CREATE TABLE empty_{name} ({columns})")
    files = snapshot.files(table)
    parts = [f"FROM empty_{name} SELECT {names}"]
    if files.settled.inside:
        parts.append(f"FROM read_parquet({_listed(files.settled.inside)}, union_by_name = true)")
    unsettled: list[str] = []
    if long := [*files.beneath.inside, *(path for _, path in files.long)]:
        source = f"read_parquet({_listed(long)}, union_by_name = true, filename = true)"
        # a day file is in none of the places: it is older than all segments over it
        places = ", ".join(_quoted(segment.name) for segment in files.written)
        written = f"coalesce(list_position([{places}], parse_filename(filename)), 0)"
        unsettled.append(f"FROM {source} SELECT * EXCLUDE (filename), {written} AS {ORDER}")
    for number, rows in enumerate(short_rows(files)):
        connection.register("given", _Stream(rows))
        connection.execute(f"CREATE TABLE open_{name}_{number} AS FROM given")
        connection.unregister("given")
        unsettled.append(f"FROM open_{name}_{number}")
    if files.fresh:
        newest = f"row_number() OVER (PARTITION BY {', '.join(table.key)} ORDER BY {ORDER} DESC) = 1"
        parts.append(f"FROM ({_BY_NAME.join(unsettled)}) SELECT * EXCLUDE ({ORDER}) QUALIFY {newest}")
    connection.execute(f"CREATE VIEW {name} AS {_BY_NAME.join(parts)}")


@dataclass(frozen=True, slots=True)
class _Stream:
    """A frame as DuckDB takes it without another library between: by Arrow's C interface alone."""

    rows: "pl.DataFrame"

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.rows.__arrow_c_stream__(requested_schema)


def _derived(snapshot: Snapshot, kind: str) -> list[Path]:
    return [path for name in snapshot.partitions(kind) if (path := snapshot.derived_file(kind, name)) is not None]


def _listed(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(_quoted(str(path.resolve())) for path in paths) + "]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
