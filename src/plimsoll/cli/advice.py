"""`plimsoll accept ID` and `plimsoll dismiss ID`: the life of a recommendation."""

from datetime import datetime
from typing import Annotated

import typer

from plimsoll.cli.common import ProjectOption, open_to_write, say, the_clock
from plimsoll.cli.explain import published_evidence
from plimsoll.clock import rfc3339
from plimsoll.errors import shown
from plimsoll.ledger.advice import Said, Verdict
from plimsoll.project import Project

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The recommendation's id, as reports print it.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(accept)
    app.command()(dismiss)


def accept(
    advice: IdArgument,
    reason: Annotated[str, typer.Option(help="A remark, for those who ask.")] = "",
    project: ProjectOption = None,
) -> None:
    """Says that a recommendation is being followed; it stays in the reports until its cause has gone."""
    note(open_to_write(project), advice, "accepted", until=None, reason=reason)


def dismiss(
    advice: IdArgument,
    reason: Annotated[str, typer.Option(help="Why it is not wanted.")],
    project: ProjectOption = None,
) -> None:
    """Says that a recommendation is not wanted; it is left out, and stands in the evidence with the reason."""
    note(open_to_write(project), advice, "dismissed", until=None, reason=reason)


def note(project: Project, advice: str, said: Said, *, until: datetime | None, reason: str) -> None:
    """Keeps what was said of a recommendation of the last published report."""
    published_evidence(project, advice)
    verdict = Verdict(said, the_clock().now(), until, shown(reason))
    project.ledger.verdicts.say(advice, verdict)
    say(f"{advice} is {said}" + (f" until {rfc3339(until)}" if until else ""))
