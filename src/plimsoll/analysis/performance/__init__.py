"""The performance document, from readings: pure functions of a frame, the inventory, a window and the load lines."""

from plimsoll.analysis.performance.build import performance

__all__ = ["performance"]
