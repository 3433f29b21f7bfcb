"""The part of the anomaly analysis that runs anywhere: one block of resources of a lake -> its findings, as bytes."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from plimsoll.analysis.anomalies import straggler
from plimsoll.analysis.anomalies.analyse import first_row, look_at, not_judged
from plimsoll.analysis.anomalies.contract import Finding
from plimsoll.clock import instant, rfc3339
from plimsoll.errors import TemporaryError
from plimsoll.execution import Failed
from plimsoll.fleet.resources import Resource
from plimsoll.lake import Lake
from plimsoll.queries.grids import KnownMetrics, fleet_grid

_SCHEMA = {"resource_id": pl.String, "finding": pl.Binary}
_HEAD = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockLook:
    """What is asked of every block."""

    end: str
    history_s: float
    step_s: float
    at_least_s: float
    detectors: Sequence[str]
    known: KnownMetrics
    unsound: Sequence[str] = ()

    def parameters(self, block: Sequence[Resource]) -> dict[str, Any]:
        """Plain values, for any process."""
        return {
            "end": self.end,
            "history_s": self.history_s,
            "step_s": self.step_s,
            "at_least_s": self.at_least_s,
            "detectors": list(self.detectors),
            "known": {of: list(metrics) for of, metrics in self.known.items()},
            "unsound": list(self.unsound),
            "types": {resource.resource_id: resource.type for resource in block},
        }


@dataclass(frozen=True, slots=True)
class Block:
    """What came of a block: findings, how many resources were read, scored since when, and why some were not judged."""

    findings: Sequence[Finding]
    resources: int
    since: datetime
    not_judged: Mapping[str, str]


def analyse_block(uri: str, params: Mapping[str, Any]) -> bytes:
    """The lake in the folder `uri` and `BlockLook.parameters` -> Arrow IPC of resource_id and finding, sorted.

    The first row, without a resource, holds how many resources were read, since when they were scored, and which were
    not judged.
    """
    end = instant(params["end"])
    types: Mapping[str, str] = params["types"]
    grid = fleet_grid(
        Lake(Path(uri)).snapshot(proven=False, unsound=params["unsound"]),
        list(types),
        start=end - timedelta(seconds=params["history_s"]),
        end=end,
        step_s=params["step_s"],
        known=params["known"],
        compared=straggler.METRICS,
    )
    at_least_s: float = params["at_least_s"]
    found = look_at(grid, names=params["detectors"], classes=types, at_least_s=at_least_s)
    head: dict[str, Any] = {
        "resources": len({one.resource_id for one in grid.series}),
        "since": rfc3339(grid.time(first_row(grid, at_least_s=at_least_s))),
    }
    head["not_judged"] = not_judged(grid, types, at_least_s=at_least_s)
    rows = sorted((one.resource_id, msgspec.json.encode(one)) for one in found)
    whole = [(_HEAD, msgspec.json.encode(head)), *rows]
    out = io.BytesIO()
    pl.DataFrame(whole, schema=_SCHEMA, orient="row").write_ipc(out)
    return out.getvalue()


def read_back(item: tuple[str, Mapping[str, Any]], came: bytes | Failed) -> Block:
    """The block behind the bytes; a block that failed is an error: half an answer would look like a calm fleet."""
    if isinstance(came, Failed):
        raise TemporaryError(f"{len(item[1]['types'])} resources could not be analyzed: {came.reason}; try again")
    (_, first), *rows = pl.read_ipc(io.BytesIO(came)).iter_rows()
    head = msgspec.json.decode(first)
    found = [msgspec.json.decode(row, type=Finding) for _, row in rows]
    return Block(found, head["resources"], instant(head["since"]), head["not_judged"])
