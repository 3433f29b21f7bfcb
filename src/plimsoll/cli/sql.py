"""`plimsoll sql`: read-only SQL over the lake's tables."""

import csv
import io
import json
import math
import os
import resource
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from plimsoll.cli.common import JsonOption, ProjectOption, open_project
from plimsoll.clock import rfc3339
from plimsoll.documents.parameters import require_one_of
from plimsoll.errors import shown
from plimsoll.escaping import cell, plain_json

if TYPE_CHECKING:
    from plimsoll.lake.sql import Answer

_WIDEST = 1_000_000
_MIB: Final = 1024**2
FORMATS = ("table", "csv", "json", "parquet")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(sql)


def sql(
    statement: Annotated[str, typer.Argument(metavar="SELECT", help="One query, or EXPLAIN of one.")],
    format_: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    json_: JsonOption = False,
    timeout: Annotated[float, typer.Option(help="Seconds that it may take.")] = 60.0,
    memory: Annotated[int, typer.Option(help="Megabytes that it may take.")] = 2048,
    project: ProjectOption = None,
) -> None:
    """Asks the lake.

    Tables: samples, collections, resources, hours, hour_buckets, days, day_buckets, baselines, usual, trends.
    """
    from plimsoll.lake.sql import Bounds, ask

    require_one_of("--format", format_, FORMATS)
    if json_:
        format_ = "json"
    snapshot = open_project(project).lake.snapshot()
    with _bounded_memory(memory):
        answer = ask(snapshot, statement, Bounds(seconds=timeout, memory_mb=memory))
    if format_ == "parquet":
        sys.stdout.buffer.write(_parquet(answer))
        return
    rows = [[_plain(value) for value in row] for row in answer.rows]
    if format_ == "table":
        _print(answer.columns, rows)
    elif format_ == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([cell(one) for one in row] for row in (answer.columns, *rows))
    else:
        names = answer.named().columns
        named = [dict(zip(names, row, strict=True)) for row in rows]
        text = json.dumps(named, indent=2, ensure_ascii=False, allow_nan=False, default=str)
        sys.stdout.write(plain_json(text) + "\n")


@contextmanager
def _bounded_memory(memory_mb: int) -> Generator[None]:
    """The kernel's bound on this process, for what DuckDB does not count: one value that a function makes very large.

    Beside what the statement may take there is room for the threads of each processor and for the answer on its way.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    most = used + (memory_mb + 1024 + 64 * (os.cpu_count() or 1)) * _MIB
    limits = (most, before, hard)
    soft = min((one for one in limits if one != resource.RLIM_INFINITY), default=most)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - whatever a column holds
    """A value as text formats write it: instants in RFC 3339, numbers as numbers, what is not a number as nothing."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        whole = value.microsecond % 1000 == 0
        return rfc3339(value) if whole else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_plain(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value


def _print(columns: Sequence[str], rows: list[list[Any]]) -> None:
    # as wide as it is: a value that is folded into pieces cannot be read or copied
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True, width=_WIDEST)
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(shown(name), no_wrap=True)
    for row in rows:
        table.add_row(*("" if value is None else shown(value) for value in row))
    console.print(table)


def _parquet(answer: "Answer") -> bytes:
    sink = io.BytesIO()
    answer.named().write_parquet(sink)
    return sink.getvalue()
