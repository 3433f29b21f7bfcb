"""Shipping of what this host has collected."""

from plimsoll.project.context import Context
from plimsoll.shipping import Ship, spool_of, way_of
from plimsoll.shipping import ship as _ship


def ship(context: Context) -> None:
    """Ships what waits in the spool, every `[ship] every`; does nothing where the lake is here."""
    spool, way = spool_of(context.config, context.data), way_of(context.config)
    if spool is not None and way is not None:
        _ship(spool, way, context.clock, every_s=context.config.get("ship", Ship).every)
