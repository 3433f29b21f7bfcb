"""`plimsoll import`: history from files."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from plimsoll.cli.common import ProjectOption, open_project, say, the_clock
from plimsoll.errors import BadParameter, PlimsollError, shown

_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("import")(import_)


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, NDJSON or Parquet; .gz too.")],
    mapping: Annotated[Path | None, typer.Option(help="A TOML file that says what the columns mean.")] = None,
    resource_id: Annotated[str | None, typer.Option(help="Without a mapping: whose readings they are.")] = None,
    resource_type: Annotated[str, typer.Option(help="Without a mapping: its type.")] = "cluster",
    metric: Annotated[str | None, typer.Option(help="Without a mapping: what the values are.")] = None,
    unit: Annotated[str | None, typer.Option(help="Without a mapping: their unit; default: the metric's.")] = None,
    time_column: Annotated[str, typer.Option(help="Without a mapping: where the time is.")] = "timestamp",
    value_column: Annotated[str, typer.Option(help="Without a mapping: where the values are.")] = "value",
    time_unit: Annotated[str, typer.Option(help="s, ms, us, ns; text for dates.")] = "text",
    zone: Annotated[str | None, typer.Option(help="The zone of dates without an offset.")] = None,
    max_errors: Annotated[int, typer.Option(help="How many rows may be refused before it stops.")] = 100,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first refused row.")] = False,
    project: ProjectOption = None,
) -> None:
    """Brings readings from files into the lake; what is there already is not brought again."""
    from plimsoll.importing.mapping import read_mapping, simple

    opened = open_project(project)
    if mapping is not None:
        if resource_id or metric:
            raise BadParameter("--mapping", mapping, why="says it all; leave --resource-id and --metric out")
        read = read_mapping(mapping)
    else:
        read = simple(
            resource_id=resource_id,
            resource_type=resource_type,
            metric=metric,
            unit=unit,
            time=(time_column, time_unit, zone),
            value_column=value_column,
        )
    from plimsoll.importing.run import import_file

    refused = 0
    for path in files:
        with _progress() as progress:
            bar = progress.add_task(shown(path.name), total=path.stat().st_size if path.exists() else None)
            done = import_file(
                opened.lake,
                path,
                read,
                now=the_clock().now(),
                most_refused=0 if strict else max_errors,
                tell=partial(_advance, progress, bar),
            )
        more = {"repeated in the file": done.repeated, "of names that are not mapped": done.unmapped}
        counted = [f"{done.new} new", f"{done.known} known", f"{done.refused} refused", f"{done.empty} empty"]
        counted += [f"{count} {what}" for what, count in more.items() if count]
        say(f"{shown(path.name)}: {done.rows} rows, {', '.join(counted)}")
        for row, why in done.reasons[:_SHOWN]:
            say(f"  row {row}: {why}")
        refused += done.refused
    opened.lake.compact(now=the_clock().now())
    if refused:
        raise PlimsollError(f"{refused} rows were refused; mend them and import again: what is known is not doubled")


def _advance(progress: Progress, bar: TaskID, read_bytes: int) -> None:
    progress.update(bar, completed=read_bytes)


def _progress() -> Progress:
    console = Console(stderr=True, markup=False, highlight=False)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
