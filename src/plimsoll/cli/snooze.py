"""`plimsoll snooze ID`: says nothing of an alert for a while."""

from typing import Annotated

import typer

from plimsoll.cli.advice import note
from plimsoll.cli.common import ProjectOption, open_to_write, say, the_clock, zone_of
from plimsoll.cli.instants import future_instant
from plimsoll.clock import rfc3339
from plimsoll.errors import BadParameter, shown


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(snooze)


def snooze(
    alert: Annotated[
        str, typer.Argument(metavar="ID", help="The id of an alert or recommendation, as reports print it.")
    ],
    until: Annotated[
        str,
        typer.Option(help="How long: 2h, 7d; or until when: 2026-01-16T18:00:00Z, 2026-01-16 (the end of that day)."),
    ],
    reason: Annotated[str, typer.Option(help="Why, for those who ask.")] = "no reason given",
    project: ProjectOption = None,
) -> None:
    """Says nothing of an alert or a recommendation until an instant; it stays in the feed or the evidence."""
    opened, now = open_to_write(project), the_clock().now()
    end = future_instant(until, name="--until", zone=zone_of(opened), now=now)
    if alert.startswith("advice-"):
        note(opened, alert, "snoozed", until=end, reason=reason)
        return
    alerts = opened.ledger.alerts
    known = [row.id for row in alerts.open_at(now)]
    if alert not in known:
        raise BadParameter("ID", shown(alert), allowed=known[:10], why="is not an open alert")
    alerts.snooze(alert, end, shown(reason), at=now)
    say(f"{alert} is snoozed until {rfc3339(end)}")
