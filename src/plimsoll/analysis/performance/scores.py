"""Health, performance and availability: 100 minus named deductions, each of which a worse reading can only raise.

| deduction | at most | what it is |
|---|---|---|
| silent | 40 | share of resources without a fresh reading |
| alerts | 40 | mean over resources of their worst open alert: critical 1, high 0.6, medium 0.3, low 0.1 |
| errors | 20 | 4 points for each percent of failed requests |
| unavailable | 20 | 4 points for each percent missing from availability |
| over the line | 60 | mean over resources of the share of readings at or over a load line; up to half weight near it |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from plimsoll.analysis.performance.alerts import OpenAlert, drawn_lines
from plimsoll.analysis.performance.fleet_totals import FleetTotals
from plimsoll.analysis.performance.totals import Services
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.presence import Presence
from plimsoll.fleet.resources import Resource

_WEIGHT = {"critical": 1.0, "high": 0.6, "medium": 0.3, "low": 0.1}
_NEAR_POINTS = 5.0
_NEAR_SHARE = 0.05
Burdens = Mapping[str, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Score:
    """A score with the deductions that made it; `value` is None where nothing was measured."""

    value: int | None
    deductions: Mapping[str, float]
    samples: int


@dataclass(frozen=True, slots=True)
class Availability:
    """Percent, how it was measured (`requests`, `probes`, `readings`), and from how many samples."""

    value_pct: float | None
    method: str
    samples: int


def health(
    presences: Sequence[Presence],
    alerts: Sequence[OpenAlert],
    services: Services,
    availability: Availability,
    samples: int,
) -> Score:
    """How much of the fleet is read, within its lines and answering; what is neither read nor promised has no part."""
    counted = [one for one in presences if one.in_window or one.silent]
    if not any(one.in_window for one in counted):
        return Score(None, {}, 0)
    worst: dict[str, float] = {}
    for opened in alerts:
        at = opened.alert.resource
        worst[at] = max(worst.get(at, 0.0), _WEIGHT[opened.alert.severity])
    up = availability.value_pct
    deductions = {
        "silent": 40 * sum(one.silent for one in counted) / len(counted),
        "alerts": 40 * sum(worst.values()) / len(counted),
        "errors": _errors(services),
        "unavailable": 0.0 if up is None else min(20.0, 4 * (100 - up)),
    }
    return _score(deductions, samples)


def performance_score(burdens: Burdens, services: Services) -> Score:
    """How far the readings stay from their load lines, and how many requests failed."""
    if not burdens and services.error_rate_pct is None:
        return Score(None, {}, 0)
    mean = sum(burden for burden, _ in burdens.values()) / len(burdens) if burdens else 0.0
    return _score({"over the line": 60 * mean, "errors": _errors(services)}, sum(n for _, n in burdens.values()))


def availability_of(
    whole: FleetTotals, services: Services, expected: Mapping[str, float], arrived: Mapping[str, int]
) -> Availability:
    """Requests where they are counted, else probes, else the share of expected readings with the resource up.

    in: `arrived` instants of the window with a reading of the resource or of its devices, by resource
    """
    if services.requests > 0 and services.error_rate_pct is not None:
        return Availability(100 - services.error_rate_pct, "requests", whole.request_samples)
    if whole.probes:
        return Availability(whole.probes_pct / whole.probes, "probes", whole.probes)
    due = {resource_id: readings for resource_id, readings in expected.items() if readings > 0}
    if not due:
        return Availability(None, "readings", 0)
    if not any(arrived.values()):
        return Availability(None, "readings", 0)  # nothing is known: neither that it was up nor that it was down
    up = {one: max(0, arrived.get(one, 0) - whole.down.get(one, 0)) for one in due}
    # by resource: one that is read more often is not more available
    share = sum(min(1.0, up[one] / readings) for one, readings in due.items()) / len(due)
    return Availability(100 * share, "readings", sum(arrived.values()))


def _errors(services: Services) -> float:
    return 0.0 if services.error_rate_pct is None else min(20.0, 4 * services.error_rate_pct)


def _score(deductions: Mapping[str, float], samples: int) -> Score:
    return Score(
        round(max(0.0, 100 - sum(deductions.values()))), {k: round(v, 3) for k, v in deductions.items()}, samples
    )


def burdens_of(
    readings: pl.DataFrame, resources: Sequence[Resource], lines: Mapping[str, LoadLine]
) -> dict[str, tuple[float, int]]:
    """Resource id -> (its worst line's burden 0..1, readings behind it)."""
    burdens: dict[str, tuple[float, int]] = {}
    beyond = pl.col("sign") * (pl.col("reading") - pl.col("line"))
    share = pl.max_horizontal(_NEAR_SHARE * pl.col("line"), pl.lit(1e-9))
    near = pl.when("in_points").then(_NEAR_POINTS).otherwise(share)
    burden = pl.when(beyond >= 0).then(1.0).otherwise((0.5 * (1 + beyond / near)).clip(0.0, 0.5))
    drawn = drawn_lines(resources, lines)
    for (metric,), part in drawn.partition_by("metric", as_dict=True, maintain_order=True).items():
        frame = (
            readings.select("resource_id", reading=pl.col(str(metric)))
            .drop_nulls("reading")
            .join(part, on="resource_id", maintain_order="left")
            .group_by("resource_id", "name")
            .agg(burden.mean().alias("burden"), pl.len().alias("n"))
        )
        for resource_id, value, n in frame.select("resource_id", "burden", "n").iter_rows():
            burdens[resource_id] = max(burdens.get(resource_id, (0.0, 0)), (value, n))
    return dict(sorted(burdens.items()))
