"""Laws that every detector keeps, whatever its idea."""

import numpy as np
import pytest

from plimsoll.analysis.anomalies.contract import Find, Look
from plimsoll.analysis.anomalies.detectors import DETECTORS
from plimsoll.analysis.grid import Grid
from plimsoll.analysis.robust import Floats
from tests.grids import PER_DAY, fleet_values, grid_of

DAYS = 16
LOOK = Look(since=(DAYS - 3) * PER_DAY, alarm=3.0)
EVERY = pytest.mark.parametrize("find", DETECTORS.values(), ids=DETECTORS)


def broken() -> Floats:
    """A fleet in which something is wrong for each detector: a jump, a silence, a sensor that hangs."""
    values = fleet_values(resources=4, days=DAYS)
    values[0, :, -PER_DAY:-80] *= 1.9
    values[1, :, -60:] = np.nan
    values[2, 5, -70:] = values[2, 5, -71]
    return values


def devices() -> Grid:
    """One resource with four equal GPUs of which the third falls behind."""
    values = fleet_values(resources=1, days=DAYS)
    gpus = np.repeat(values[:, 2:3], 4, axis=0) * np.random.default_rng(1).normal(1, 0.005, (4, 1, 1))
    gpus[2, :, -40:] *= 0.8
    grids = [grid_of(gpus[n : n + 1], names=("r0",), device=f"gpu{n}") for n in range(4)]
    joined = grids[0]
    for other in grids[1:]:
        joined = joined.joined(other)
    series = tuple(one._replace(metric="gpu_utilization_pct") for one in joined.series)
    return Grid(series, joined.values, joined.start, joined.step_s)


def whole() -> Grid:
    """Resources and devices together."""
    return grid_of(broken()).joined(devices())


def told(find: Find, grid: Grid) -> list[tuple[str, str, str, str]]:
    """What a detector says, without numbers in the metric's unit."""
    return sorted((f.resource_id, f.metric, f.start.isoformat(), f.severity) for f in find(grid, LOOK))


@EVERY
def test_each_finds_what_it_is_made_for(find: Find) -> None:
    """A law that holds because nothing is ever found would be no law."""
    assert told(find, whole())


@EVERY
def test_the_unit_does_not_matter(find: Find) -> None:
    """Bytes or gigabytes: multiplying a metric by a constant changes nothing."""
    here = whole()
    there = Grid(here.series, here.values * np.float32(1024.0), here.start, here.step_s)
    assert told(find, here) == told(find, there)


@EVERY
def test_the_order_of_resources_does_not_matter(find: Find) -> None:
    """Nor that of metrics."""
    here = whole()
    order: list[int] = np.random.default_rng(2).permutation(len(here.series)).tolist()
    shuffled = Grid(tuple(here.series[n] for n in order), here.values[order], here.start, here.step_s)
    alone = [(f.resource_id, f.start, f.end) for f in find(here, LOOK)]
    assert sorted(map(str, alone)) == sorted(str((f.resource_id, f.start, f.end)) for f in find(shuffled, LOOK))


@EVERY
def test_what_was_not_read_is_not_strange(find: Find) -> None:
    """A fifth of the readings missing at random, in a fleet in which nothing happened: no more than without gaps."""
    values = fleet_values(days=DAYS)
    gaps = values.copy()
    gaps[np.random.default_rng(3).random(values.shape) < 0.2] = np.nan
    assert len(told(find, grid_of(gaps))) <= max(1, len(told(find, grid_of(values))))


@EVERY
def test_what_never_moved_never_alarms(find: Find) -> None:
    """Constant series, also at zero, also with rounding of Float32."""
    values = np.full((3, 6, DAYS * PER_DAY), 41.7)
    values[1] = 0.0
    assert told(find, grid_of(values)) == []


@EVERY
def test_no_history_no_finding(find: Find) -> None:
    """A grid that begins where the look begins has nothing to compare with."""
    grid = grid_of(fleet_values(days=1))
    assert find(grid, Look(since=1, alarm=3.0)) == []
    assert find(Grid((), np.empty((0, 96), np.float32), grid.start, grid.step_s), Look(since=1, alarm=3.0)) == []


@EVERY
def test_the_same_grid_the_same_findings(find: Find) -> None:
    """Chance is an argument, and it is fixed."""
    assert find(whole(), LOOK) == find(whole(), LOOK)
