"""`plimsoll import`: history from files."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from plimsoll.cli.common import ProjectOption, open_to_write, say, the_clock
from plimsoll.errors import BadParameter, PlimsollError, shown

if TYPE_CHECKING:
    from plimsoll.importing.delimited import Block
    from plimsoll.importing.inventory import Inventory
    from plimsoll.importing.mapping import FileMapping
    from plimsoll.importing.presets import Wanted
    from plimsoll.importing.run import Imported
    from plimsoll.lake import Lake

_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("import")(import_)


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, NDJSON or Parquet; .gz too.")],
    mapping: Annotated[Path | None, typer.Option(help="A TOML file that says what the columns mean.")] = None,
    as_: Annotated[str | None, typer.Option("--as", help="A format by name, such as nvidia-smi.")] = None,
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
    fact: Annotated[
        list[str] | None, typer.Option(help="Of every resource in the files, such as gpu_count=8; may be repeated.")
    ] = None,
    project: ProjectOption = None,
) -> None:
    """Brings readings from files into the lake; what is there already is not brought again."""
    from plimsoll.importing.inventory import said as facts_said
    from plimsoll.importing.mapping import FileMapping, read_mapping, simple
    from plimsoll.importing.presets import Wanted
    from plimsoll.importing.run import Imported

    opened = open_to_write(project)
    fixed: FileMapping | None = None
    if mapping is not None:
        if resource_id or metric or as_:
            raise BadParameter("--mapping", mapping, why="says it all; leave --as, --resource-id and --metric out")
        fixed = read_mapping(mapping)
    wanted = Wanted(resource_id, resource_type, metric, unit, zone)
    facts = facts_said(fact or [])
    done = Imported()
    for path in files:
        said = as_ is None and bool(resource_id and metric)  # the options say it all
        form = None if fixed or said else _format(path, as_)
        if fixed is None and form is None:
            fixed = simple(
                resource_id=resource_id,
                resource_type=resource_type,
                metric=metric,
                unit=unit,
                time=(time_column, time_unit, zone),
                value_column=value_column,
            )
        one = _bring(opened.lake, path, form, wanted, fixed, facts, most_refused=0 if strict else max_errors)
        _summary(path, form, one, zone)
        done += one
    opened.lake.compact(now=the_clock().now())
    if done.refused:
        raise PlimsollError(
            f"{done.refused} rows were refused; mend them and import again: what is known is not doubled"
        )


def _bring(
    lake: "Lake",
    path: Path,
    form: str | None,
    wanted: "Wanted",
    fixed: "FileMapping | None",
    facts: "Inventory",
    *,
    most_refused: int,
) -> "Imported":
    """One file, part by part, with its progress."""
    from plimsoll.importing.run import import_file, of_parts

    parts: list[Imported] = []
    with _progress() as progress:
        bar = progress.add_task(shown(path.name), total=path.stat().st_size if path.exists() else None)
        for read, given in _parts(path, form, wanted, fixed):
            one = import_file(
                lake,
                path,
                read.with_facts(facts),
                now=the_clock().now(),
                most_refused=most_refused,
                on_progress=partial(_advance, progress, bar),
                given=given,
            )
            parts.append(one)
    return of_parts(parts)


def _format(path: Path, name: str | None) -> str | None:
    """The format that was named, or that the file unmistakably has."""
    from plimsoll.importing.presets import named, recognized

    if name is not None:
        named(name)
        return name
    return recognized(path) if path.is_file() else None


def _parts(
    path: Path, form: str | None, wanted: "Wanted", fixed: "FileMapping | None"
) -> "Iterator[tuple[FileMapping, list[Block] | None]]":
    """The mappings of a file, each with what was read already where it is a document."""
    from plimsoll.importing.documents import read_document
    from plimsoll.importing.presets import mappings, named
    from plimsoll.importing.reading import beginning

    if form is None:
        assert fixed is not None  # noqa: S101 - one of the two is there
        yield fixed, None
    elif named(form).document and beginning(path).lstrip("\ufeff \n\r\t")[:1] in ("{", "["):
        yield from read_document(form, path, wanted)
    else:
        for one in mappings(form, path, wanted):
            yield one.model_copy(update={"format": "csv"}), None


def _summary(path: Path, form: str | None, done: "Imported", zone: str | None) -> None:
    """Every row is accounted for."""
    more = {"repeated in the file": done.repeated, "of names that are not mapped": done.unmapped}
    counted = [f"{done.new} new", f"{done.known} known", f"{done.refused} refused", f"{done.empty} empty"]
    counted += [f"{count} {what}" for what, count in more.items() if count]
    cells = f"; {done.cells} cells refused" if done.cells else ""
    kind = f" ({form})" if form else ""
    say(f"{shown(path.name)}{kind}: {done.rows} rows, {', '.join(counted)}{cells}")
    if form and zone is None:
        say("  times without an offset were read as UTC; --zone says otherwise")
    if done.contradicting:
        say(f"  {done.contradicting} rows contradict another of the same instant, and the last one counts:")
        say("  does a column that is not mapped (a core, a disk, an interface) tell them apart?")
    for row, why in done.reasons[:_SHOWN]:
        say(f"  row {row}: {why}")


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
