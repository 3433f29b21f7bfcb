"""What an answer in the terminal says of the resources that it could not judge, in the words of the reports."""

from plimsoll.clock import Window, rfc3339
from plimsoll.documents.situation import Situation
from plimsoll.errors import shown
from plimsoll.queries.context import QueryContext


def read_in(sources: QueryContext, window: Window) -> tuple[Situation, frozenset[str]]:
    """How the fleet was read in a window, and the ids of the resources with a reading in it."""
    from plimsoll.publish.views.situation import of_presences
    from plimsoll.queries.presence import presences_in  # polars only where a lake is read

    resources = sources.resources()
    found = presences_in(sources, resources, window)
    return of_presences(resources, found, sources.as_of), frozenset(one.resource_id for one in found if one.in_window)


def not_judged(situation: Situation) -> str:
    """`not judged: 1 silent`, and why nothing could be where there is nothing; empty where all were judged."""
    from plimsoll.publish.views.counts import why_not_judged

    why = why_not_judged(situation) if situation.total else "no resource is known yet"
    return f"not judged: {why}" if why else ""


def losses(situation: Situation) -> list[str]:
    """A line for each resource that is read, and of which a metric or a GPU is not read any more."""
    from plimsoll.publish.views.verdict import what_is_lost

    return [f"{shown(one.name)}: {what_is_lost(one)} since {rfc3339(one.since)}." for one in situation.lost]
