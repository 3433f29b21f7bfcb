"""Every analysis takes every grid: no series, one, many; no day, some, many; constants, gaps, nothing but gaps."""

import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.analysis.anomalies.analyse import analyse
from plimsoll.analysis.anomalies.detectors import DETECTORS
from plimsoll.analysis.baselines.build import baselines
from plimsoll.analysis.grid import Grid, Series, grid
from plimsoll.analysis.robust import Floats
from plimsoll.analysis.trend import trend_of

START = datetime(2026, 10, 1, tzinfo=UTC)
METRICS = ("cpu_utilization_pct", "gpu_temperature_c", "queue_depth_count", "error_rate_pct", "response_time_ms")
KINDS = ("noise", "constant", "zero", "gaps", "silent", "one reading", "ends early", "begins late")


def series(kind: str, steps: int, rng: np.random.Generator) -> Floats:
    """One series of a kind."""
    row: Floats = 40 + rng.normal(0, 1, steps)
    if kind in ("constant", "zero"):
        row[:] = 40.0 if kind == "constant" else 0.0
    elif kind == "gaps":
        row[rng.random(steps) < 0.6] = np.nan
    elif kind == "silent":
        row[:] = np.nan
    elif kind == "one reading":
        row[np.arange(steps) != steps // 2] = np.nan
    elif kind == "ends early":
        row[steps // 2 :] = np.nan
    elif kind == "begins late":
        row[: steps // 2] = np.nan
    return row


def drawn(kinds: list[str], days: int, seed: int, *, steps_a_day: int) -> Grid:
    """A grid with a series of each kind, five metrics a resource."""
    rng = np.random.default_rng(seed)
    rows = [series(kind, days * steps_a_day, rng) for kind in kinds]
    names = tuple(Series(f"r{n // 5}", "", METRICS[n % 5]) for n in range(len(kinds)))
    values = np.array(rows, dtype=np.float32).reshape(len(kinds), days * steps_a_day)
    return Grid(names, values, START, 86_400 / steps_a_day)


kinds_of = st.lists(st.sampled_from(KINDS), max_size=8)


@settings(max_examples=40)
@given(kinds=kinds_of, days=st.sampled_from((0, 1, 2, 3, 14, 15, 22, 30)), seed=st.integers(0, 99))
def test_baselines_of_any_grid(kinds: list[str], days: int, seed: int) -> None:
    """A row for each series and hour of the week, as many trends as series, without a warning; `n` is what was read."""
    hourly = drawn(kinds, days, seed, steps_a_day=24)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = baselines(hourly)
    assert found.by_hour.height == 168 * len(kinds)
    assert found.usual.height == found.trends.height == len(kinds)
    assert (
        found.by_hour.filter(pl.col("hours_known") < 48)["median"].null_count()
        == found.by_hour.filter(pl.col("hours_known") < 48).height
    )
    assert not found.by_hour["median"].is_nan().any()
    weekly = found.by_hour.filter(pl.col("method").str.starts_with("hour of week"))
    assert weekly.filter(pl.col("n") > pl.col("hours_known") // 168 + 1 + days // 7).is_empty()


@settings(max_examples=25)
@given(
    kinds=kinds_of, days=st.sampled_from((0, 1, 2, 3, 9)), seed=st.integers(0, 99), ask=st.sampled_from((1, 24, 720))
)
def test_every_detector_of_any_grid(kinds: list[str], days: int, seed: int, ask: int) -> None:
    """Findings speak of the grid's own series, with numbers that are numbers; nothing is found in what was not read."""
    regular = drawn(kinds, days, seed, steps_a_day=96)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        looked = analyse(
            regular, names=tuple(DETECTORS), classes={}, most_per_resource_week=1.0, at_least_s=3600.0 * ask
        )
    read = np.flatnonzero(~np.isnan(regular.values).all(axis=1))
    known = {regular.series[n].resource_id for n in read.tolist()}
    assert {finding.resource_id for finding in looked.findings} <= known
    numbers = [(one.value, one.expected, *one.band, one.z) for finding in looked.findings for one in finding.moved]
    assert np.isfinite(np.array(numbers, dtype=np.float64)).all()


@pytest.mark.parametrize("metrics", [(), ("cpu_utilization_pct",)])
@pytest.mark.parametrize("members", [[], [("a", "")]])
@pytest.mark.parametrize("rows", [0, 3])
def test_a_grid_of_nothing_has_its_rows(metrics: tuple[str, ...], members: list[tuple[str, str]], rows: int) -> None:
    """Without members, metrics or readings: no series, and as many rows as the window has."""
    samples = pl.DataFrame(
        {
            "ts": [START] * rows,
            "resource_id": ["b" if metrics else "a"] * rows,
            "device": [""] * rows,
            "cpu_utilization_pct": [1.0] * rows,
        },
        schema={
            "ts": pl.Datetime("ms", "UTC"),
            "resource_id": pl.String,
            "device": pl.String,
            "cpu_utilization_pct": pl.Float32,
        },
    )
    found = grid(
        lambda _begin, _until: samples.lazy(), members, metrics, start=START, end=START + timedelta(days=2), step_s=900
    )
    assert found.series == ()
    assert found.values.shape == (0, 192)
    assert found.whole().joined(found).rows == 192


def test_hours_are_counted_by_the_method_that_looks_at_them() -> None:
    """Three weeks and three days side by side: three or four of an hour of the week; three of an hour of the day."""
    rng = np.random.default_rng(3)
    long, short = 40 + rng.normal(0, 1, (2, 24 * 24))
    short[: -3 * 24] = np.nan
    values = np.array([long, short], dtype=np.float32)
    hourly = Grid((Series("a", "", METRICS[0]), Series("b", "", METRICS[0])), values, START, 3600.0)
    found = baselines(hourly).by_hour
    counted = {name: (set(part["method"]), sorted(set(part["n"]))) for (name,), part in found.group_by("resource_id")}
    assert counted == {"a": ({"hour of week, shrunk"}, [3, 4]), "b": ({"hour of day"}, [3])}


@pytest.mark.parametrize("days", [0, 1, 15])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_trends_of_any_number_of_series(count: int, days: int) -> None:
    """One entry a series; no label below two weeks."""
    found = trend_of(40 + np.random.default_rng(1).normal(0, 1, (count, days * 24)))
    assert len(found.labels) == len(found.p) == len(found.days) == count
    assert days >= 14 or set(found.labels) <= {None}


@pytest.mark.parametrize("rows", [0, 1, 5, 200])
def test_devices_of_any_length_are_compared(rows: int) -> None:
    """Four equal GPUs; fewer steps than two hours have are no time to fall behind in."""
    values = np.full((4, rows), 90.0, dtype=np.float32)
    series = tuple(Series("a", f"gpu{n}", "gpu_utilization_pct") for n in range(4))
    grid_of_gpus = Grid(series, values, START, 900.0)
    looked = analyse(grid_of_gpus, names=("straggler",), classes={}, most_per_resource_week=1.0, at_least_s=86_400.0)
    assert list(looked.findings) == []
