"""`plimsoll mail --test`, `plimsoll outbox`: does mail arrive, and what became of each message."""

import os
from datetime import timedelta
from typing import Annotated

import typer

from plimsoll.cli.common import JsonOption, ProjectOption, open_project, print_json, say, the_clock
from plimsoll.errors import PlimsollError, UsageError, shown
from plimsoll.project.runner import context

_SHOWN = timedelta(days=14)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(mail)
    app.command()(outbox)


def mail(
    test: Annotated[str, typer.Option("--test", metavar="ADDRESS", help="Send a short test message there, now.")],
    project: ProjectOption = None,
) -> None:
    """Sends a test message with the server, login and encryption of [mail]; says what the server answered."""
    from plimsoll.delivery import smtp
    from plimsoll.delivery.message import MailContent, dated, message, message_id
    from plimsoll.delivery.settings import Mail

    wired = context(open_project(project), clock=the_clock())
    settings, now = wired.config.get("mail", Mail), wired.clock.now()
    if not settings.host:
        raise UsageError("mail: no server is configured; set host and sender under [mail] in config.toml")
    letter = MailContent(
        kind="test",
        verdict="test",
        subject=f"Plimsoll can mail you ({now:%d %b %H:%M})",
        text="This is a test of [mail] in a Plimsoll project. Reports will come from this address.\n",
        html="",
    )
    identity = message_id("test", "test", now, test, domain=settings.sender.rpartition("@")[2])
    raw = message(letter, sender=settings.sender, to=test, identity=identity, fleet="test")
    outcome = smtp.send(settings, dated(raw, now), to=test, password=os.environ.get(settings.password_env))
    if outcome.kind != "sent":
        raise PlimsollError(f"mail: {outcome.kind}: {outcome.detail}")
    say(f"sent to {shown(test)}: {outcome.detail}")


def outbox(
    now: Annotated[bool, typer.Option("--now", help="Try everything that is due first.")] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Lists what was delivered and what was not in the last two weeks; exit code 1 where something has failed."""
    from plimsoll.tasks import deliver

    wired = context(open_project(project), clock=the_clock())
    if now:
        deliver.send_due(wired)
    listed = deliver.outbox(wired).listed(wired.clock.now() - _SHOWN)
    if json:
        print_json([{name: getattr(parcel, name) for name in parcel.__slots__} for parcel in listed])
    else:
        for one in listed:
            typer.echo(
                f"{one.state:<10} {one.queued:%Y-%m-%d %H:%M}  {one.channel:<8} {shown(one.recipient)}  "
                f"tries {one.attempts}  {shown(one.summary)}  {shown(one.detail)}".rstrip()
            )
    failed = sum(one.state == "failed" for one in listed)
    if failed:
        raise PlimsollError(f"{failed} messages were not delivered; the reasons stand above")
