"""Merging of what was appended, and the catalog for other engines."""

from plimsoll.lake.settings import SharedPlace
from plimsoll.project.context import Context


def compact(context: Context) -> None:
    """Merges segments into sorted day files, and publishes the catalog that `[lake] catalog` asks for."""
    context.lake.compact(now=context.clock.now())
    place = context.config.get("lake", SharedPlace)
    if place.catalog == "delta":
        context.lake.publish_catalog(place, now=context.clock.now())
