"""The fleet's last readings and its climbs as of an instant: read once, for every part of every document."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.analysis.climb import Climb, Levels
from plimsoll.clock import floor
from plimsoll.execution import Execution
from plimsoll.fleet.resources import Resource
from plimsoll.lake import hours
from plimsoll.queries.context import QueryContext
from plimsoll.queries.grids import fleet_grid
from plimsoll.queries.rule_set import project_rules
from plimsoll.tables import SAMPLES

KEPT: Final = ("memory_utilization_pct", "storage_utilization_pct")
"""What is held and not worked off: it has a level now, and no busy hours."""
_HISTORY: Final = timedelta(days=14)
_RECENT: Final = timedelta(days=1)
_STEP_S: Final = 900.0
_DAY_ROWS: Final = 96


def levels(sources: QueryContext, rules: Mapping[str, AnyRule] | None = None) -> Levels:
    """The levels under these rules (None: the project's): worked out once for a context, its instant and limits."""
    known_rules = project_rules(sources) if rules is None else rules
    climbing = {rule.reads[0]: rule for rule in known_rules.values() if rule.climb is not None}
    limits = tuple(repr(rule.limits) for rule in climbing.values())
    key = ("levels", sources.as_of, id(sources.snapshot), id(sources.sees), limits)
    if key not in sources.known:
        sources.known[key] = _levels(sources, climbing)
    found = sources.known[key]
    assert isinstance(found, Levels)  # noqa: S101 - the key is this function's own
    return found


def _levels(sources: QueryContext, climbing: Mapping[str, AnyRule]) -> Levels:
    resources = sources.resources()
    there = sources.snapshot.columns(SAMPLES, start=sources.as_of - _HISTORY, end=sources.as_of)
    size = sources.settings("execution", Execution).block_size
    last: dict[tuple[str, str], float] = {}
    climbs: dict[tuple[str, str], Climb] = {}
    for n in range(0, len(resources), size):
        block = resources[n : n + size]
        last |= _last(sources, block, [metric for metric in KEPT if metric in there])
        climbs |= _climbs(sources, block, {metric: rule for metric, rule in climbing.items() if metric in there})
    return Levels(last, climbs)


def _last(sources: QueryContext, block: Sequence[Resource], metrics: Sequence[str]) -> dict[tuple[str, str], float]:
    """The last reading of each, of the last day."""
    if not metrics:
        return {}
    ids = sorted(one.resource_id for one in block)
    rows = hours.readings(
        sources.snapshot,
        start=sources.as_of - _RECENT,
        end=sources.as_of + timedelta(milliseconds=1),
        columns=("ts", "resource_id", "device", *metrics),
        resource_ids=ids,
    )
    newest = (
        pl.col(name).get(pl.when(pl.col(name).is_not_null()).then(pl.col("ts")).arg_max()).cast(pl.Float64)
        for name in metrics
    )
    whole = rows.filter(pl.col("device") == "", pl.col("resource_id").is_in(ids))
    found = whole.group_by("resource_id").agg(*newest).collect()
    return {
        (row["resource_id"], name): row[name]
        for row in found.iter_rows(named=True)
        for name in metrics
        if row[name] is not None
    }


def _climbs(
    sources: QueryContext, block: Sequence[Resource], climbing: Mapping[str, AnyRule]
) -> dict[tuple[str, str], Climb]:
    """What each rule that forecasts sees on the quarters of an hour of two weeks."""
    if not climbing:
        return {}
    end = floor(sources.as_of, _STEP_S)
    grid = fleet_grid(
        sources.snapshot,
        [one.resource_id for one in block],
        start=end - _HISTORY,
        end=end,
        step_s=_STEP_S,
        known={"": list(climbing), "device": []},
    )
    by_id = {one.resource_id: one for one in block}
    found: dict[tuple[str, str], Climb] = {}
    for n, series in enumerate(grid.series):
        rule = climbing[series.metric]
        row = grid.doubles(slice(n, n + 1))[0]
        window = ResourceWindow(by_id[series.resource_id], {series.metric: row}, _DAY_ROWS, _STEP_S, None)
        climb = rule.climb(window, rule.limits) if rule.climb and window.row(series.metric) is not None else None
        if climb is not None:
            found[series.resource_id, series.metric] = climb
    return found


def of_resource(known: Levels, resource_id: str) -> tuple[dict[str, Climb], dict[str, float]]:
    """The climbs and the last readings of one resource, by metric."""
    climbs = {metric: one for (name, metric), one in known.climbs.items() if name == resource_id}
    return climbs, {metric: known.last[resource_id, metric] for metric in KEPT if (resource_id, metric) in known.last}
