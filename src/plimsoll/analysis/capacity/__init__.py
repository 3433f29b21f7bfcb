"""Capacity: pools, days to the load line, dates to decide by, choices."""

from plimsoll.analysis.capacity.build import Question, capacity, metrics_read
from plimsoll.analysis.capacity.settings import Capacity

__all__ = ["Capacity", "Question", "capacity", "metrics_read"]
