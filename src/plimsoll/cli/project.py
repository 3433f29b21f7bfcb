"""`plimsoll init`: a new project folder."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.common import command_name
from plimsoll.errors import BadParameter
from plimsoll.project import builtin_root


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
) -> None:
    """Makes a new project folder with a commented config.toml, and says what to do next."""
    make_project(folder)
    command, named = command_name(), shlex.quote(str(folder))
    typer.echo(f"made {folder}; every setting is in {folder / 'config.toml'}, as a comment with its default")
    typer.echo("next, to read this machine for half a minute and to report on it:")
    typer.echo(f"  {command} collect --for 30s --project {named}")
    typer.echo(f"  {command} report daily --project {named}")


def make_project(folder: Path, *, overrides: str = "") -> None:
    """A project folder: the built-in config as comments (so that defaults stay the program's), and the three folders.

    `overrides` is TOML that is written above the comments.
    """
    config = folder / "config.toml"
    if config.exists():
        raise BadParameter("DIR", folder, why="already holds a config.toml; nothing was changed")
    if folder.exists() and not folder.is_dir():
        raise BadParameter("DIR", folder, why="is not a folder")
    for part in ("jobs", "reports/templates", "data"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    defaults = (builtin_root() / "config.toml").read_text(encoding="utf-8").splitlines()
    commented = "\n".join(line if not line or line.startswith("#") else f"# {line}" for line in defaults)
    head = overrides or "[plimsoll]\n"
    config.write_text(f"{head}\n# The defaults; take a line's # away to change it.\n{commented}\n", encoding="utf-8")
