"""`plimsoll report daily|weekly|capacity`: makes and publishes a report now."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.common import (
    AsOfOption,
    ProjectOption,
    as_of_or_now,
    open_to_write,
    say,
    table_console,
    the_clock,
)
from plimsoll.cli.progress import blocks_shown
from plimsoll.clock import ceiling
from plimsoll.documents.parameters import require_one_of
from plimsoll.documents.report_kinds import REPORT_KINDS
from plimsoll.errors import PlimsollError, shown
from plimsoll.project import Project
from plimsoll.project.context import Context
from plimsoll.project.runner import context, recorded

if TYPE_CHECKING:
    from plimsoll.tasks.report import PublishedReport


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(report)


def report(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="daily, weekly or capacity.")] = "daily",
    as_of: AsOfOption = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    mail: Annotated[bool, typer.Option("--mail", help="Send it to its recipients, now.")] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also as PDF, beside the page; needs plimsoll-fleet[pdf].")
    ] = False,
    project: ProjectOption = None,
) -> None:
    """Makes a report, publishes it under data/published, and prints its summary."""
    require_one_of("KIND", kind, tuple(REPORT_KINDS))
    page = publish(open_to_write(project), kind, as_of, mail=mail, pdf=pdf)
    if open_page:
        webbrowser.open(page.resolve().as_uri())


def publish(project: Project, kind: str, as_of: str | None, *, mail: bool = False, pdf: bool = False) -> Path:
    """A report, its run in the ledger, its summary on standard output; gives the page's path."""
    from plimsoll.publish.render.terminal import show
    from plimsoll.tasks.report import REPORTS, PublishedReport, add_pdf

    made: list[PublishedReport] = []
    with blocks_shown() as tell:
        at = ceiling(as_of_or_now(as_of, project), 1)  # windows are named in whole seconds
        wired = context(project, clock=the_clock(), as_of=at, on_progress=tell)
        recorded(project, REPORT_KINDS[kind].job, wired, lambda: made.append(REPORTS[kind](wired)))
    published = made[0]
    show(published.view, table_console(), paths=[str(_near(path)) for path in (published.page, published.document)])
    if pdf:
        typer.echo(_near(add_pdf(wired, published)))
    if mail:
        _mail(wired, kind, published)
    for part, reason in published.failed.items():
        say(f"the section {part} could not be made: {reason}")
    if published.failed:
        raise typer.Exit(1)
    return published.page


def _mail(wired: Context, kind: str, made: "PublishedReport") -> None:
    """Hands it to the outbox and empties that; a report of a window is sent once, however often it is asked for."""
    from plimsoll.tasks.deliver import send_due
    from plimsoll.tasks.queueing import queue

    new = queue(wired, kind, made)
    done = send_due(wired)
    for parcel, outcome in done:
        say(f"{parcel.channel} to {shown(parcel.recipient)}: {outcome.kind} {outcome.detail}".rstrip())
    if not new and not done:
        say("Nothing to send: no recipient is configured for this report, or it was already sent.")
    if any(outcome.kind == "failed" for _, outcome in done):
        raise PlimsollError("not everything was delivered; see: plimsoll outbox")


def _near(path: Path) -> Path:
    """The path as one would type it from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
