"""What goes wrong: incidents of known kinds, each with a time, a place and a size, applied to one member's readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from plimsoll.clock import rfc3339
from plimsoll.simulator.gpu_faults import GPU_FAULTS
from plimsoll.simulator.gpu_lookalikes import GPU_TWINS
from plimsoll.simulator.host_faults import HOST_FAULTS
from plimsoll.simulator.host_lookalikes import HOST_TWINS
from plimsoll.simulator.kinds import Kind, Row
from plimsoll.simulator.load_profile import Array
from plimsoll.simulator.service_faults import SERVICE_FAULTS
from plimsoll.simulator.service_lookalikes import SERVICE_TWINS
from plimsoll.simulator.usual_faults import USUAL

FAULTS: Final[Mapping[str, Kind]] = {**USUAL, **GPU_FAULTS, **HOST_FAULTS, **SERVICE_FAULTS}
"""What can go wrong."""
TWINS: Final[Mapping[str, Kind]] = {**GPU_TWINS, **HOST_TWINS, **SERVICE_TWINS}
"""The fault's name -> what looks like it and is healthy; its incidents are called "like " and the fault's name."""
KINDS: Final[Mapping[str, Kind]] = {**FAULTS, **{f"like {name}": kind for name, kind in TWINS.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One planted fault: `size` is 1 for the usual one; `device` names a GPU where only one is hit."""

    kind: str
    resource_id: str
    start: datetime
    end: datetime
    size: float = 1.0
    device: str = ""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The columns in which it shows."""
        return KINDS[self.kind].metrics

    def truth(self) -> dict[str, Any]:
        """The planted truth as plain values."""
        return {
            "kind": self.kind,
            "resourceId": self.resource_id,
            "device": self.device,
            "start": rfc3339(self.start),
            "end": rfc3339(self.end),
            "size": self.size,
            "metrics": list(self.metrics),
        }


def apply(readings: Row, incident: Incident, seconds: Array, *, whole: bool = False) -> None:
    """Changes the readings of one member where the incident is under way; `seconds` are the steps since the epoch.

    `whole`: the readings are those of the resource as a whole, and the incident hits one of its devices.
    """
    kind = KINDS[incident.kind]
    change = kind.whole if whole else kind.change
    if change is None:
        return
    begin, length = incident.start.timestamp(), (incident.end - incident.start).total_seconds()
    under_way = (seconds >= begin) & (seconds < begin + length)
    if not under_way.any():
        return
    part = {name: values[under_way] for name, values in readings.items()}
    for name, values in change(part, (seconds[under_way] - begin) / length, incident.size).items():
        if name in readings:
            readings[name][under_way] = values
