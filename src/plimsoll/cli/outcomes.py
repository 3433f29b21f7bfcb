"""`plimsoll outcomes`: what came of advice."""

from datetime import timedelta

import typer

from plimsoll.cli.common import JsonOption, ProjectOption, open_project, print_json, say, the_clock

_BACK = timedelta(days=400)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(outcomes)


def outcomes(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Prints what advice promised and what it brought, and how each adviser has done."""
    from plimsoll.queries.outcomes import describe_outcome

    ledger, now = open_project(project).ledger.outcomes, the_clock().now()
    settled, waiting = ledger.settled(now - _BACK, now), ledger.open()
    if json:
        print_json([{name: getattr(one, name) for name in one.__slots__} for one in settled])
        return
    for one in settled:
        typer.echo(f"{one.changed:%Y-%m-%d} {describe_outcome(one)}  {one.id}")
    for adviser, (kept, known) in sorted(ledger.hits(now).items()):
        typer.echo(f"{adviser}: {kept} of {known} promises kept")
    say(f"{len(settled)} settled, {len(waiting)} wait for a change and six hours of readings after it")
