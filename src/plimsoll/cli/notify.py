"""`plimsoll notify test`: does a message arrive through every channel."""

import os
from typing import Annotated

import typer

from plimsoll.cli.common import ProjectOption, open_project, the_clock
from plimsoll.errors import PlimsollError, UsageError, nearest, shown
from plimsoll.project.runner import context


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(help="Messages about alerts: [notify] and [routes].", no_args_is_help=True)
    group.callback()(_group)
    group.command(name="test")(send_test)
    app.add_typer(group, name="notify")


def _group() -> None:
    """Messages about alerts: [notify] and [routes]."""


def send_test(
    channel: Annotated[str, typer.Argument(metavar="[NAME]", help="One [notify] section; default: all.")] = "",
    project: ProjectOption = None,
) -> None:
    """Sends an invented alert, opened and resolved, through each channel now; says what each service answered."""
    from plimsoll.delivery.notify import Notify
    from plimsoll.tasks.deliver import hand_over
    from plimsoll.tasks.notify import invented

    wired = context(open_project(project), clock=the_clock())
    configured = wired.config.under("notify", Notify)
    if not configured:
        raise UsageError("notify: no channel is configured; add a section such as [notify.chat] to config.toml")
    if channel and channel not in configured:
        hint = nearest(channel, configured)
        raise UsageError(
            f'notify: [notify] has no "{shown(channel)}"; '
            + (f'did you mean "{hint}"?' if hint else f"known: {', '.join(configured)}")
        )
    failed = 0
    for name in [channel] if channel else list(configured):
        receipt = ""
        for state, body, identity in invented(wired, name, configured[name]):
            outcome = hand_over(wired, name, body, identity=identity, receipt=receipt, environment=os.environ)
            receipt = outcome.receipt
            failed += outcome.kind != "sent"
            typer.echo(f"{name} ({configured[name].kind}), {state}: {outcome.kind} {shown(outcome.detail)}".rstrip())
            if outcome.kind != "sent":
                break
    if failed:
        raise PlimsollError(f"notify: {failed} of {len([channel] if channel else configured)} channels took no message")
