"""`plimsoll init`: a new project folder."""

import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from plimsoll.cli.common import command_name, the_clock
from plimsoll.cli.first_sections import First, of_exporter, of_server, of_slurm, tried
from plimsoll.clock import floor, rfc3339
from plimsoll.errors import BadParameter, UsageError
from plimsoll.fleet.known_when import announced
from plimsoll.project import Project, builtin_root

HISTORY: Final = timedelta(days=21)
"""As much of a server's history is proposed for a start: forecasts need 14 days."""


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    prometheus: Annotated[str, typer.Option(help="A Prometheus server to ask: http://prometheus:9090.")] = "",
    target: Annotated[str, typer.Option(help="An exporter to ask: http://gpu-01:9400/metrics.")] = "",
    slurm: Annotated[bool, typer.Option("--slurm", help="Ask the Slurm cluster of this machine.")] = False,
    bearer_env: Annotated[str, typer.Option(help="The environment variable that holds the bearer token.")] = "",
) -> None:
    """Makes a new project folder with a commented config.toml, and says what to do next."""
    _refuse_taken(folder)
    found = _asked(prometheus, target, bearer_env, slurm=slurm)
    make_project(folder, overrides=found.text if found else "")
    typer.echo(f"made {folder}; every setting is in {folder / 'config.toml'}, as a comment with its default")
    if found is not None:
        for line in [*found.said, *tried(Project.open(folder, here=Path.cwd()).config())]:
            typer.echo(line)
        typer.echo("this machine is read, too; [collectors.host] and [collectors.gpu] enabled = false leave it out")
    for line in _next(folder, found, the_clock().now()):
        typer.echo(line)


def _next(folder: Path, found: First | None, now: datetime) -> list[str]:
    """What to type next; of a fleet that was asked for, also when what will be known."""
    command, named = command_name(), shlex.quote(str(folder))
    report = f"  {command} report daily --project {named}"
    if found is None or not found.histories:
        what = "this machine" if found is None else "it"
        lines = [
            f"next, to read {what} for half a minute and to report on it:",
            f"  {command} collect --for 30s --project {named}",
            report,
        ]
    else:
        until = rfc3339(floor(now, 60))
        lines = [
            "next, the history that is there (what needs days is known at once then), and a report:",
            *(
                f"  {command} backfill {name} --from {_since(first_s, now)} --to {until} --project {named}"
                for name, first_s in found.histories.items()
            ),
            report,
        ]
    if found is None:
        return lines
    known = announced(now, now, ZoneInfo("UTC"))
    return [*lines, f"then, from now on by itself: {command} up --project {named}", f"without history: {known} (UTC)"]


def _since(first_s: float | None, now: datetime) -> str:
    """The beginning of what is there, at most as much as a start needs."""
    longest = now - HISTORY
    first = max(longest, datetime.fromtimestamp(first_s, UTC)) if first_s is not None else longest
    return rfc3339(floor(first, 60))


def _asked(prometheus: str, target: str, bearer_env: str, *, slurm: bool) -> First | None:
    """What the one that was named says of itself; None where none was."""
    asked = [bool(prometheus), bool(target), slurm]
    if sum(asked) > 1:
        raise UsageError(
            "name one of --prometheus, --target and --slurm; what else there is goes into config.toml later"
        )
    if prometheus:
        return of_server(prometheus, bearer_env)
    if target:
        return of_exporter(target, bearer_env)
    return of_slurm() if slurm else None


def _refuse_taken(folder: Path) -> None:
    if (folder / "config.toml").exists():
        raise BadParameter("DIR", folder, why="already holds a config.toml; nothing was changed")
    if folder.exists() and not folder.is_dir():
        raise BadParameter("DIR", folder, why="is not a folder")


def make_project(folder: Path, *, overrides: str = "") -> None:
    """A project folder: the built-in config as comments (so that defaults stay the program's), and the three folders.

    `overrides` is TOML that is written above the comments.
    """
    _refuse_taken(folder)
    for part in ("jobs", "reports/templates", "data"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    defaults = (builtin_root() / "config.toml").read_text(encoding="utf-8").splitlines()
    commented = "\n".join(line if not line or line.startswith("#") else f"# {line}" for line in defaults)
    head = overrides or "[plimsoll]\n"
    (folder / "config.toml").write_text(
        f"{head}\n# The defaults; take a line's # away to change it.\n{commented}\n", encoding="utf-8"
    )
