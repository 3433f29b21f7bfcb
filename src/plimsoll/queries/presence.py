"""How each resource was read in a window: what an answer has to say of those that it could not judge."""

from collections.abc import Sequence
from datetime import timedelta

from plimsoll.analysis.performance.presence import REGULAR, Reach, presences
from plimsoll.analysis.performance.readings import KEYS, by_block, gpus_read, read_at
from plimsoll.clock import Window
from plimsoll.fleet.presence import Presence, Silence
from plimsoll.fleet.resources import Resource
from plimsoll.queries.context import QueryContext
from plimsoll.queries.performance import last_read
from plimsoll.tables import SAMPLES


def presences_in(sources: QueryContext, resources: Sequence[Resource], window: Window) -> list[Presence]:
    """One for each resource, by id, as of the sources' instant; readings after it are not looked at."""
    as_of, since = sources.as_of, window.start
    samples = sources.snapshot.scan(
        SAMPLES,
        start=since,
        end=min(window.end, as_of + timedelta(milliseconds=1)),
        columns=dict.fromkeys((*KEYS, *REGULAR)),
    )
    silence = sources.settings("silence", Silence)
    reach = Reach(window, as_of, since, silence, lambda ids: last_read(sources, ids, before=since))
    found: list[Presence] = []
    for block, readings in by_block(samples, resources, until=as_of):
        gpus = gpus_read(samples, block, until=as_of)
        found += presences(block, read_at(samples, readings, block, until=as_of), readings, reach, gpus)
    return found
