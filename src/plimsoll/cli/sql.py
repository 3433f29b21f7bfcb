"""`plimsoll sql`: read-only SQL over the lake's tables."""

import csv
import io
import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from plimsoll.cli.common import ProjectOption, open_project
from plimsoll.documents.parameters import one_of
from plimsoll.errors import shown

FORMATS = ("table", "csv", "json", "parquet")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(sql)


def sql(
    statement: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT statement.")],
    format_: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    timeout: Annotated[float, typer.Option(help="Seconds that it may take.")] = 60.0,
    memory: Annotated[int, typer.Option(help="Megabytes that it may take.")] = 2048,
    project: ProjectOption = None,
) -> None:
    """Asks the lake.

    Tables: samples, collections, resources, hours, hour_buckets, days, day_buckets, baselines, usual, trends.
    """
    from plimsoll.lake.sql import Bounds, ask

    one_of("--format", format_, FORMATS)
    answer = ask(open_project(project).lake.snapshot(), statement, Bounds(seconds=timeout, memory_mb=memory))
    rows = [[_plain(value) for value in row] for row in answer.rows]
    if format_ == "table":
        _print(list(answer.columns), rows)
    elif format_ == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([list(answer.columns), *rows])
    elif format_ == "json":
        named = [dict(zip(answer.columns, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(named, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n")
    else:
        sys.stdout.buffer.write(_parquet(list(answer.columns), answer.rows))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def _print(columns: list[str], rows: list[list[Any]]) -> None:
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(shown(name), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else shown(value) for value in row))
    console.print(table)


def _parquet(columns: list[str], rows: Any) -> bytes:  # noqa: ANN401
    import polars as pl

    sink = io.BytesIO()
    pl.DataFrame(list(rows), schema=columns, orient="row", infer_schema_length=None).write_parquet(sink)
    return sink.getvalue()
