"""What this host has collected, on its way to the lake."""

from plimsoll.project.context import Context, job
from plimsoll.shipping import Ship, ship, spool_of, way_of


@job(schedule="every 10s", on_collectors=True)
def ship_readings(context: Context) -> None:
    """Ships what waits in the spool, every [ship] every; does nothing where the lake is here."""
    spool, way = spool_of(context.config, context.data), way_of(context.config)
    if spool is not None and way is not None:
        ship(spool, way, context.clock, every_s=context.config.get("ship", Ship).every)
