"""What several commands share: their options, the project, and how data is printed."""

import os
import pwd
import shlex
import sys
from datetime import datetime
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from plimsoll import documents
from plimsoll.cli.instants import past_instant
from plimsoll.clock import Clock, SystemClock
from plimsoll.config.engine import Plimsoll
from plimsoll.errors import UsageError
from plimsoll.project import Project

if TYPE_CHECKING:
    from rich.console import Console

_WIDEST: Final = 10_000

ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="The project folder; default: this one or a parent.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help="See the lake as of 2026-01-16T18:00:00Z, or as of the end of a day: 2026-01-16."),
]


def open_project(folder: Path | None) -> Project:
    """The project that the user means; refused where its data is another user's and closed to this one."""
    project = Project.open(folder, here=Path.cwd())
    for place in (project.data, project.data / "lake"):
        if place.exists() and not os.access(place, os.R_OK | os.X_OK):
            raise _of_another(place)
    return project


def open_to_write(folder: Path | None) -> Project:
    """The project that the user means, for a command that writes into its data folder.

    Written by another user than its owner, files there would lock the service out: that is refused.
    """
    project = open_project(folder)
    place = project.data if project.data.exists() else project.root
    if place.stat().st_uid != os.geteuid():
        raise _of_another(place)
    return project


def _of_another(place: Path) -> UsageError:
    owner, again = _user(place.stat().st_uid), shlex.join([command_name(), *sys.argv[1:]])
    return UsageError(f"{place}: belongs to {owner}; run it as its owner: sudo -u {owner} {again}")


def _user(uid: int) -> str:
    """A user's name as sudo takes it; `#1234` where the number has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"'#{uid}'"


def the_clock() -> Clock:
    """The machine's clock: the one place where time enters the program."""
    return SystemClock()


def zone_of(project: Project) -> ZoneInfo:
    """The zone in which the project's dates are meant."""
    return ZoneInfo(project.config().get("plimsoll", Plimsoll).timezone)


def as_of_or_now(text: str | None, project: Project, *, name: str = "--as-of") -> datetime:
    """The instant that was asked for, or now: a date is the end of that day, today's is now; none lies ahead."""
    now = the_clock().now()
    return past_instant(text, name=name, zone=zone_of(project), now=now) if text else now


def command_name() -> str:
    """What to type for `plimsoll`, so that a printed command can be pasted: its name where the shell finds it."""
    called = Path(sys.argv[0])
    if called.name != "plimsoll" or which("plimsoll"):
        return "plimsoll"
    return str(called)


def table_console() -> "Console":
    """Where tables are printed: as wide as the terminal; into a file or a pipe as wide as they are, never folded."""
    from rich.console import Console

    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDEST
    return console


def print_json(value: object) -> None:
    """Data for programs on standard output."""
    sys.stdout.write(documents.encode(value).decode())


def say(text: str) -> None:
    """A line for people on standard error: standard output belongs to data."""
    typer.echo(text, err=True)
