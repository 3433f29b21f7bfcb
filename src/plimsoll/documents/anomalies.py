"""The anomalies document: what the specification's detector returns, with the reasons beside it.

Member names are snake_case, as in the specification. `baseline_mean` is what was expected (the median of that hour of
the day, or of the last week), `z_score` the size of the distance from it in robust deviations.
"""

from typing import Literal

import msgspec


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One metric at the strangest moment of a finding; metrics that moved together share its `id`."""

    timestamp: str
    metric: str
    value: float
    baseline_mean: float
    z_score: float
    severity: Literal["medium", "high"]
    id: str
    device: str
    detector: str
    start: str
    end: str | None
    score: float
    forest_score: float | None
    expected_low: float
    expected_high: float
    once_in_hours: float | None
    explanation: str


class ResourceAnomalies(msgspec.Struct, frozen=True, kw_only=True):
    """The anomalies of one resource, the strangest first."""

    resource: str
    resource_id: str
    anomalies: list[Anomaly]


AnomaliesDocument = list[ResourceAnomalies]
