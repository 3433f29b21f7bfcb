"""Where resources stand: what they share, and what they need; incidents are joined by it."""

from collections.abc import Mapping, Sequence
from typing import Final

from plimsoll.analysis.incidents.contract import Place
from plimsoll.fleet.resources import Resource

SHARED: Final = ("node", "host", "hostname", "rack", "switch", "pdu", "volume", "job_id", "allocation")
"""Labels that name a machine or a part: resources with the same value fail together."""
NEEDS: Final = "depends_on"
"""The label that lists what a resource needs, separated by commas."""


def places(resources: Sequence[Resource], needs: Mapping[str, frozenset[str]]) -> dict[str, Place]:
    """The place of each resource, by its id; `needs` are the project's own dependencies."""
    return {one.resource_id: _place(one, needs.get(one.resource_id, frozenset())) for one in resources}


def _place(one: Resource, needs: frozenset[str]) -> Place:
    by_label = {name.strip() for name in one.labels.get(NEEDS, "").split(",")} - {""}
    return Place(
        type=one.type,
        region=one.region or "",
        owner=one.labels.get("owner", ""),
        on=frozenset((label, one.labels[label]) for label in SHARED if one.labels.get(label)),
        needs=needs | by_label,
    )
