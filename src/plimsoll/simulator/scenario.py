"""Which incidents a fleet is given: a last day worth a report, and a month in which things went wrong now and then."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from plimsoll.simulator.incidents import Incident
from plimsoll.simulator.members import Member
from plimsoll.simulator.usual_faults import USUAL

_STORY_FROM = 20
_MONTHLY_SHARE = 0.25
_HOURS = {"memory_leak": (40.0, 72.0), "filling_volume": (120.0, 200.0), "straggler_gpu": (6.0, 30.0)}


def plant(members: Sequence[Member], *, seed: int, days: int, until: datetime) -> list[Incident]:
    """The incidents of the fleet's history, oldest first. No member has two at the same time."""
    story = _last_day(members, until) if len(members) >= _STORY_FROM else []
    busy = {incident.resource_id for incident in story}
    calm = [member for member in members if member.resource_id not in busy]
    draw = np.random.Generator(np.random.Philox(key=[seed, 0x5EED]))
    kinds = sorted(USUAL)
    found = list(story)
    for n in range(round(_MONTHLY_SHARE * len(members) * days / 30)):
        kind = kinds[n % len(kinds)]
        able = [member for member in calm if member.type in USUAL[kind].types]
        if not able:
            continue
        member = able[int(draw.integers(len(able)))]
        calm.remove(member)
        found.append(_somewhere(member, kind, draw, days, until))
    return sorted(found, key=lambda incident: (incident.start, incident.resource_id))


def _somewhere(member: Member, kind: str, draw: np.random.Generator, days: int, until: datetime) -> Incident:
    """Somewhere in the last two thirds, so that there is a normal to compare it with, and over before the last day."""
    shortest, longest = _HOURS.get(kind, (2.0, 8.0))
    hours = min(float(draw.uniform(shortest, longest)), days * 24 / 4)
    latest, earliest = 30.0 + hours, max(31.0 + hours, days * 24 * 2 / 3)
    start = until - timedelta(hours=float(draw.uniform(latest, earliest)))
    device = f"gpu{int(draw.integers(member.gpu_count))}" if kind == "straggler_gpu" else ""
    return Incident(
        kind=kind,
        resource_id=member.resource_id,
        start=_minute(start),
        end=_minute(start + timedelta(hours=hours)),
        size=round(float(draw.uniform(0.8, 1.2)), 2) if kind != "idle_gpu" else 1.0,
        device=device,
    )


def _last_day(members: Sequence[Member], until: datetime) -> list[Incident]:
    """Over the line, silent, filling, spiking, starved, straggling: one of each, the rest of the fleet calm."""

    def of(kind: str, position: int) -> str:
        return [member.resource_id for member in members if member.type == kind][position]

    def back(hours: float) -> datetime:
        return until - timedelta(hours=hours)

    plan = (
        ("filling_volume", of("storage", 0), 240.0, 0.0, 1.0, ""),
        ("saturated_queue", of("cluster", 2), 9.0, 0.0, 1.0, ""),
        ("saturated_queue", of("endpoint", 1), 2.25, 0.0, 0.8, ""),
        ("traffic_spike", of("endpoint", 0), 9.25, 6.0, 1.0, ""),
        ("input_starvation", of("training", 0), 7.0, 1.0, 1.0, ""),
        ("straggler_gpu", of("cluster", 3), 20.0, 0.0, 1.0, "gpu3"),
        ("silent_source", of("training", 1), 20.0, 0.0, 1.0, ""),
        ("idle_gpu", of("cluster", 1), 70.0, 0.0, 1.0, ""),
        ("memory_leak", of("ai-service", 0), 52.0, 0.0, 0.8, ""),
    )
    return [
        Incident(kind=kind, resource_id=at, start=back(begin), end=back(end), size=size, device=device)
        for kind, at, begin, end, size, device in plan
    ]


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
