"""`plimsoll ship`: what waits in the spool, now."""

import typer

from plimsoll.cli.common import ProjectOption, open_to_write, say, the_clock
from plimsoll.errors import UsageError


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(ship)


def ship(project: ProjectOption = None) -> None:
    """Ships what waits in the spool now, whatever the last failure said; exit code 75 where it cannot arrive."""
    from plimsoll.shipping import Ship, way_of
    from plimsoll.shipping import ship as ship_once

    opened = open_to_write(project)
    config, spool = opened.config(), opened.spool
    way = way_of(config)
    if spool is None or way is None:
        raise UsageError("nothing is shipped: the lake is here; see [ship] to and [lake] uri")
    done = ship_once(spool, way, the_clock(), every_s=config.get("ship", Ship).every, at_once=True)
    aside = f"; {done.refused} were refused and set aside" if done.refused else ""
    say(f"{done.segments} segments, {done.bytes / 1e6:.2f} MB to {way.to}{aside}")
