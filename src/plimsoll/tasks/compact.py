"""Merging of what was appended, the grid that analyses read, and the catalog for other engines."""

from plimsoll.lake.settings import SharedPlace
from plimsoll.project.context import Context


def compact(context: Context) -> None:
    """Merges segments into sorted day files, keeps the analysis grid of days that are finished, publishes the catalog.

    The catalog is the one that `[lake] catalog` asks for.
    """
    context.lake.compact(now=context.clock.now())
    context.lake.keep_quarters(now=context.clock.now())
    place = context.config.get("lake", SharedPlace)
    if place.catalog == "delta":
        context.lake.publish_catalog(place, now=context.clock.now())
