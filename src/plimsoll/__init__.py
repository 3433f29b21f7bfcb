"""Plimsoll: every resource has a load line; the report says who is over it, who will be, and what to do."""

from importlib.metadata import version as _version

__version__ = _version("plimsoll")
