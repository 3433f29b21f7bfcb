"""SQL over the lake: DuckDB in memory, reading the snapshot's files and nothing else.

The files are named one by one; open segments are merged as every other reader does it, the last write of a key winning.
What is run is one query, or the plan of one: nothing that writes, sets, attaches, copies or installs is ever begun, and
the transaction it runs in writes nothing. No other file can be read; time, memory and rows have bounds.
"""

import re
import textwrap
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from plimsoll.errors import UsageError, shown
from plimsoll.lake.maintain.rollup_days import KINDS
from plimsoll.lake.read.merging import ORDER, short_rows
from plimsoll.lake.read.snapshot import Snapshot
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
_AS_TEXT: Final = ("INTERVAL", "BIT", "UNION", "TIME WITH TIME ZONE", "BIGNUM", "VARIANT", "GEOMETRY")
_FIRST_DAY, _LAST_DAY = (one.toordinal() - date(1970, 1, 1).toordinal() for one in (date.min, date.max))
_EXPLAIN: Final = re.compile(r"explain\b(.*)", re.IGNORECASE | re.DOTALL)
READS: Final = "SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE, or EXPLAIN without ANALYZE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one statement may take."""

    seconds: float = 60.0
    memory_mb: int = 2048
    rows: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names, and the rows as a frame whose own columns are called by their position ("0", "1", ...).

    Two columns of one name are allowed in SQL, not in a frame. Instants are UTC.
    """

    columns: Sequence[str]
    frame: "pl.DataFrame"

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as plain Python values."""
        return self.frame.rows()

    def named(self) -> "pl.DataFrame":
        """The frame under the statement's own names; two columns of one name are refused."""
        repeated = [name for name in self.columns if self.columns.count(name) > 1]
        if repeated:
            raise UsageError(f'sql: two columns are called "{shown(repeated[0])}"; name them apart with AS')
        return self.frame.rename(dict(zip(self.frame.columns, self.columns, strict=True)))


def ask(snapshot: Snapshot, statement: str, bounds: Bounds) -> Answer:
    """Runs one statement over the snapshot's tables; anything but reading is refused."""
    import duckdb

    connection = duckdb.connect(":memory:")
    timer = threading.Timer(bounds.seconds, connection.interrupt)
    try:
        _open(connection, snapshot, bounds)
        timer.start()
        query = _one_query(connection, statement)
        connection.execute("BEGIN TRANSACTION READ ONLY")
        answer = _answer(connection.sql(query), bounds)
    except duckdb.InterruptException as error:
        raise UsageError(f"sql: took longer than {bounds.seconds:g} s; ask for less, or give it --timeout") from error
    except duckdb.OutOfMemoryException as error:
        raise UsageError(f"sql: needs more than {bounds.memory_mb} MB; ask for less, or give it --memory") from error
    except duckdb.Error as error:
        raise UsageError(f"sql: {_first_line(error)}") from error
    finally:
        timer.cancel()
        connection.close()
    if answer.frame.height > bounds.rows:
        raise UsageError(f"sql: more than {bounds.rows:,} rows; add a limit, or aggregate")
    return answer


def _answer(relation: Any, bounds: Bounds) -> Answer:  # noqa: ANN401 - DuckDB's stubs name no type
    """The rows by Arrow's C interface, which needs no library of time zones; one row more than is allowed at most.

    Types that Arrow or polars cannot carry come as text.
    """
    import polars as pl

    carried = (
        f"CAST(#{place} AS VARCHAR)" if any(odd in str(kind) for odd in _AS_TEXT) else f"#{place}"
        for place, kind in enumerate(relation.types, 1)
    )
    columns = ", ".join(f'{column} AS "{place}"' for place, column in enumerate(carried))
    limited = relation.project(columns).limit(bounds.rows + 1).materialize()
    names, frame = [str(name) for name in relation.columns], pl.DataFrame(_Stream(limited))
    for name, series in zip(names, frame.iter_columns(), strict=True):
        if not _tellable(series):
            raise UsageError(
                f'sql: "{shown(name)}" has times beyond the years 1 to 9999; CAST({shown(name)} AS VARCHAR)'
            )
    return Answer(names, frame)


def _tellable(series: "pl.Series") -> bool:
    """Whether every date and instant in it, lists and structs included, is one that Python has: else polars panics."""
    import polars as pl

    kind = series.dtype
    if isinstance(kind, pl.Struct):
        return all(_tellable(field) for field in series.struct.unnest().iter_columns())
    if isinstance(kind, pl.List | pl.Array):
        return _tellable(series.explode())
    if isinstance(kind, pl.Datetime):
        a_day = 86_400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[kind.time_unit]
    elif kind == pl.Date:
        a_day = 1
    else:
        return True
    numbers = series.to_physical()
    least, most = numbers.min(), numbers.max()
    if not isinstance(least, int) or not isinstance(most, int):
        return True
    return _FIRST_DAY * a_day <= least and most < (_LAST_DAY + 1) * a_day


def _first_line(error: Exception) -> str:
    """DuckDB's own words, cut where an answer in one line must end."""
    parts = textwrap.wrap(str(error).splitlines()[0], 75) or [type(error).__name__]
    return " ".join(shown(part) for part in parts[:4])


def _open(connection: Any, snapshot: Snapshot, bounds: Bounds) -> None:  # noqa: ANN401 - DuckDB's stubs name no type
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute(f"SET memory_limit = '{bounds.memory_mb}MB'")
    connection.execute("SET temp_directory = ''")  # what does not fit into memory is refused, not written somewhere
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET allowed_paths = {_listed(_files(snapshot))}")
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


def _one_query(connection: Any, statement: str) -> str:  # noqa: ANN401
    """The one query in a text, or the plan of one, as DuckDB's own parser understands it; all else is refused.

    EXPLAIN is judged by what follows it: that has to be a query by itself, which no ANALYZE and no COPY is.
    """
    import duckdb

    found = connection.extract_statements(statement)
    if len(found) == 1:
        query: str = found[0].query
        if found[0].type == duckdb.StatementType.SELECT:
            return query
        explained = _EXPLAIN.match(query)
        if found[0].type == duckdb.StatementType.EXPLAIN and explained and _is_query(connection, explained[1]):
            return query
    raise UsageError(f"sql: one query at a time ({READS}); the lake is only read")


def _is_query(connection: Any, text: str) -> bool:  # noqa: ANN401
    import duckdb

    try:
        found = connection.extract_statements(text)
    except duckdb.Error:
        return False
    return len(found) == 1 and found[0].type == duckdb.StatementType.SELECT


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
    """Rows as DuckDB and polars exchange them without another library between: by Arrow's C interface alone."""

    rows: Any

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.rows.__arrow_c_stream__(requested_schema)


def _files(snapshot: Snapshot) -> list[Path]:
    """Every file that a table of the snapshot is read from."""
    found = [path for kind in (*KINDS, *_LEARNT) for path in _derived(snapshot, kind)]
    for table in TABLES.values():
        files = snapshot.files(table)
        found += [*files.settled.inside, *files.beneath.inside, *(path for _, path in files.long)]
    return found


def _derived(snapshot: Snapshot, kind: str) -> list[Path]:
    return [path for name in snapshot.partitions(kind) if (path := snapshot.derived_file(kind, name)) is not None]


def _listed(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(_quoted(str(path.resolve())) for path in paths) + "]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
