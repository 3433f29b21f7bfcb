"""Every collector: those of this folder, and those of installed packages."""

from plimsoll import collectors
from plimsoll.collectors.contract import Collector
from plimsoll.extensions import discover, installed


def every_collector() -> dict[str, Collector]:
    """By name; raises ConfigError for a package's collector that cannot be used."""
    return {**installed("collectors", Collector), **discover(collectors, "COLLECTOR", Collector)}
