"""`plimsoll forget RESOURCE`: takes a resource out of the inventory."""

from typing import Annotated

import typer

from plimsoll.cli.common import ProjectOption, open_to_write, say, the_clock
from plimsoll.errors import BadParameter, UsageError, shown
from plimsoll.fleet.resources import FORGOTTEN
from plimsoll.project.runner import context
from plimsoll.shipping import Ship
from plimsoll.tables import RESOURCES


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(forget)


def forget(
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="The resource's id, as documents print it.")],
    project: ProjectOption = None,
) -> None:
    """Takes a resource out of the inventory: its silence is known and wanted. Its history stays.

    It is back with its next reading.
    """
    opened, clock = open_to_write(project), the_clock()
    now = clock.now()
    if to := opened.config().get("ship", Ship).to:
        raise UsageError(f"this host ships to {to}, whose owner alone may do that; run it where the lake is kept")
    known = {one.resource_id: one for one in context(opened, clock=clock, as_of=now).sources().resources()}
    if resource not in known:
        raise BadParameter("RESOURCE", shown(resource), why="is not known", allowed=sorted(known)[:10])
    one = known[resource]
    row = {"ts": now, "resource_id": resource, "source": FORGOTTEN, "name": one.name, "type": one.type}
    opened.lake.append(RESOURCES, [row], collector="forget")
    say(f"{shown(resource)} is out of the inventory; its history stays, and its next reading brings it back")
