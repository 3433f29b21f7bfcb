"""`plimsoll config show`: every setting as it holds, and where it was set."""

from typing import Annotated

import typer

from plimsoll.cli.common import JsonOption, ProjectOption, open_project, print_json


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(help="The settings.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(show)
    app.add_typer(group, name="config")


def show(
    project: ProjectOption = None,
    origin: Annotated[bool, typer.Option("--origin", help="Also print where each was set.")] = False,
    json: JsonOption = False,
) -> None:
    """Prints every setting as it holds (durations in seconds)."""
    config = open_project(project).config()
    tables = {name: section.model_dump(mode="json") for name, section in config.sections.items()}
    if json:
        origins = {".".join(path): where for path, where in config.origins.items()}
        print_json({"settings": tables, "origins": origins} if origin else tables)
        return
    for name, table in tables.items():
        typer.echo(f"[{name}]")
        for key, value in table.items():
            where = config.origins.get((*name.split("."), key), "default")
            typer.echo(f"{key} = {value!r}" + (f"    # {where}" if origin else ""))
        typer.echo()
