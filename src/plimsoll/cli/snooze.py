"""`plimsoll snooze ID`: says nothing of an alert for a while."""

from typing import Annotated

import typer

from plimsoll.cli.common import ProjectOption, open_project, say, the_clock
from plimsoll.clock import instant, rfc3339
from plimsoll.errors import BadParameter, shown
from plimsoll.ledger import Alerts


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(snooze)


def snooze(
    alert: Annotated[str, typer.Argument(metavar="ID", help="The alert's id, as reports and feeds print it.")],
    until: Annotated[str, typer.Option(help="Until this instant: 2026-01-16T18:00:00Z.")],
    reason: Annotated[str, typer.Option(help="Why, for those who ask.")] = "no reason given",
    project: ProjectOption = None,
) -> None:
    """Says nothing of an alert until an instant; it goes on being watched, and stays in the feed with the reason."""
    now, end = the_clock().now(), instant(until, name="--until")
    if end <= now:
        raise BadParameter("--until", until, why="is in the past")
    alerts = Alerts(open_project(project).data / "ledger.sqlite")
    known = [row.id for row in alerts.open_at(now)]
    if alert not in known:
        raise BadParameter("ID", shown(alert), allowed=known[:10], why="is not an open alert")
    alerts.snooze(alert, end, shown(reason), at=now)
    say(f"{alert} is snoozed until {rfc3339(end)}")
