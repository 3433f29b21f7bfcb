"""`plimsoll backfill`: history from a Prometheus server."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from plimsoll.cli.common import ProjectOption, open_project, say, the_clock
from plimsoll.clock import instant
from plimsoll.collectors.prometheus.settings import Server
from plimsoll.errors import BadParameter


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(backfill)


def backfill(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The section [backfill.NAME], such as prometheus.")],
    from_: Annotated[str, typer.Option("--from", help="The beginning: 2026-01-01T00:00:00Z.")],
    to: Annotated[str, typer.Option("--to", help="The end (not included).")],
    project: ProjectOption = None,
) -> None:
    """Brings a Prometheus server's history into the lake; a run that was ended goes on where it was."""
    from plimsoll.importing.backfill import backfill as bring

    opened = open_project(project)
    servers = opened.config().under("backfill", Server)
    if name not in servers:
        raise BadParameter("NAME", name, allowed=list(servers), why="is not a section [backfill.NAME] of config.toml")
    start, end = instant(from_, name="--from"), instant(to, name="--to")
    if end <= start:
        raise BadParameter("--to", to, why="is not after --from")
    console = Console(stderr=True, markup=False, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"history of {name}", total=1.0)
        done = bring(
            opened.lake,
            name,
            servers[name],
            start,
            end,
            progress=opened.data / f"backfill-{name}.json",
            mappings=opened.root / "mappings",
            on_progress=lambda share: progress.update(bar, completed=share),
        )
    opened.lake.compact(now=the_clock().now())
    for warning in sorted(done.warnings):
        say(f"the server warned: {warning}")
    say(f"{done.windows} windows: {done.new} new readings, {done.known} known")
