"""`plimsoll report daily`: makes and publishes a report now."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from plimsoll.cli.common import AsOfOption, ProjectOption, as_of_or_now, open_project, the_clock
from plimsoll.project import Project
from plimsoll.query import one_of
from plimsoll.runner import context, recorded

KINDS = ("daily",)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(report)


def report(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="daily.")] = "daily",
    as_of: AsOfOption = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    project: ProjectOption = None,
) -> None:
    """Makes a report, publishes it under data/published, and prints its summary."""
    one_of("KIND", kind, KINDS)
    page = publish_daily(open_project(project), as_of)
    if open_page:
        webbrowser.open(page.resolve().as_uri())


def publish_daily(project: Project, as_of: str | None) -> Path:
    """The daily report, its run in the ledger, its summary on standard output; gives the page's path."""
    from plimsoll.publish.terminal import show
    from plimsoll.reporting import Published, daily

    wired = context(project, clock=the_clock(), as_of=as_of_or_now(as_of))
    made: list[Published] = []
    recorded(project, "daily_report", wired, lambda: made.append(daily(wired)))
    published = made[0]
    paths = [str(_near(published.folder / name)) for name in ("daily.html", "performance.json")]
    show(published.view, Console(), paths=paths)
    return published.page


def _near(path: Path) -> Path:
    """The path as one would type it from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
