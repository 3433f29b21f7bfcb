"""The lake's housekeeping."""

from plimsoll.lake.settings import SharedPlace
from plimsoll.project.context import Context, job


@job(schedule="after 30 collect.every", catch_up=False)
def compact(context: Context) -> None:
    """Merges what was appended into sorted day files, and publishes the catalog that [lake] catalog asks for."""
    context.lake.compact(now=context.clock.now())
    place = context.config.get("lake", SharedPlace)
    if place.catalog == "delta":
        context.lake.publish_catalog(place, now=context.clock.now())
