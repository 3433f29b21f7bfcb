"""What several commands share: their options, the project, and how data is printed."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from plimsoll import clock, documents
from plimsoll.clock import Clock, SystemClock
from plimsoll.project import Project
from plimsoll.version import __version__

ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="The project folder; default: this one or a parent.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="See the lake as of this instant: 2026-01-16T18:00:00Z.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plimsoll {__version__}")
        raise typer.Exit


version_wanted = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
]


def open_project(folder: Path | None) -> Project:
    """The project that the user means."""
    return Project.open(folder, here=Path.cwd())


def the_clock() -> Clock:
    """The machine's clock: the one place where time enters the program."""
    return SystemClock()


def as_of_or_now(text: str | None) -> datetime:
    """The instant that was asked for, or now."""
    return clock.instant(text, name="--as-of") if text else the_clock().now()


def print_json(value: object) -> None:
    """Data for programs on standard output."""
    sys.stdout.write(documents.encode(value).decode())


def say(text: str) -> None:
    """A line for people on standard error: standard output belongs to data."""
    typer.echo(text, err=True)
