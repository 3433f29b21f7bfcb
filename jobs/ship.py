"""What this host has collected, on its way to the lake."""

from plimsoll import Context, job, tasks


@job(schedule="every 10s", on_collectors=True)
def ship_readings(context: Context) -> None:
    """Ships what waits in the spool, every [ship] every; does nothing where the lake is here."""
    tasks.ship.ship(context)
