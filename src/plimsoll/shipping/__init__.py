"""Shipping: what this host has collected goes from its spool to where the lake is kept, when the network lets it."""

from plimsoll.shipping.lakes import lake_of, only_collects, spool_of, way_of
from plimsoll.shipping.run import State, ship, state_of
from plimsoll.shipping.settings import Ship

__all__ = ["Ship", "State", "lake_of", "only_collects", "ship", "spool_of", "state_of", "way_of"]
