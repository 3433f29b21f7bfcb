"""Hours and days of readings in a few exact numbers, quantiles within 2.1 %, and long memory from them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plimsoll.lake import Lake, read_long_history
from plimsoll.lake.maintain.rollups import daily, hourly, quantile
from plimsoll.tables import SAMPLES

DAY = datetime(2026, 1, 16, tzinfo=UTC)
METRIC = "response_time_ms"


def readings(values: np.ndarray, *, resource_id: str = "a") -> pl.DataFrame:
    """Values spread evenly over one day."""
    step = timedelta(days=1) / len(values)
    at = [DAY + step * n for n in range(len(values))]
    frame = pl.DataFrame({"ts": at, METRIC: values}).with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC")))
    return frame.with_columns(resource_id=pl.lit(resource_id), device=pl.lit(""), source=pl.lit("t"))


@pytest.mark.parametrize("shape", ["lognormal", "bursty", "narrow", "zeros", "signed"])
def test_quantiles_of_any_window_are_within_two_percent_and_totals_are_exact(shape: str) -> None:
    """Of the readings themselves, not of anybody's percentiles; hours add up to their day."""
    chance = np.random.default_rng(3)
    values = {
        "lognormal": chance.lognormal(5, 1.2, 2880),
        "bursty": np.where(chance.random(2880) < 0.03, 1e6, 3.0) * chance.uniform(0.9, 1.1, 2880),
        "narrow": chance.normal(60, 0.2, 2880),
        "zeros": np.where(chance.random(2880) < 0.6, 0.0, 7.0),
        "signed": chance.normal(0, 30, 2880),
    }[shape]
    hours = hourly(readings(values), [METRIC])
    day = daily(hours)
    total = day.totals.row(0, named=True)
    assert (total["count"], total["min"], total["max"]) == (2880, values.min(), values.max())
    assert total["sum"] == pytest.approx(values.sum(), rel=1e-12)
    assert hours.totals["count"].sum() == 2880
    for q in (0.5, 0.95, 0.99):
        exact = float(np.quantile(values, q, method="higher"))
        for buckets in (hours.buckets, day.buckets):
            told = quantile(buckets, q, ["resource_id", "metric"])["value"][0]
            assert told == pytest.approx(exact, rel=0.021, abs=1e-6)


def test_a_reading_that_is_missing_is_no_reading() -> None:
    """Null is not zero: it is in no count and no bucket."""
    frame = readings(np.array([1.0, 3.0])).with_columns(pl.Series(METRIC, [1.0, None]))
    hours = hourly(frame, [METRIC])
    assert hours.totals.select("count", "sum").rows() == [(1, 1.0)]
    assert hours.buckets["count"].sum() == 1


def test_late_readings_make_the_rollup_anew(tmp_path: Path) -> None:
    """The partition belongs to exactly one content of a day; the outdated one goes."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, readings(np.arange(1.0, 25.0)), collector="t")
    lake.compact(now=DAY)
    assert lake.roll_up(now=DAY) == 0  # the day is not over
    assert lake.roll_up(now=DAY + timedelta(days=1)) == 1
    assert lake.roll_up(now=DAY + timedelta(days=1)) == 0
    lake.append(SAMPLES, readings(np.array([100.0]), resource_id="b"), collector="t")
    assert lake.roll_up(now=DAY + timedelta(days=1)) == 0  # late readings wait for compaction
    lake.compact(now=DAY)
    assert lake.roll_up(now=DAY + timedelta(days=1)) == 1
    (name,) = lake.snapshot().partitions("days")
    frame = lake.snapshot().derived("days", name)
    assert frame is not None
    assert dict(frame.select("resource_id", "max").rows()) == {"a": 24.0, "b": 100.0}


def test_memory_outlives_the_readings(tmp_path: Path) -> None:
    """Where readings are gone, hourly means stand for them, and it is said which days those are."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, readings(np.tile([1.0, 3.0], 24)), collector="t")
    later = readings(np.array([9.0])).with_columns(pl.col("ts") + timedelta(days=1))
    lake.append(SAMPLES, later, collector="t")
    lake.compact(now=DAY)
    lake.roll_up(now=DAY + timedelta(days=1))
    (lake.root / "samples" / lake.snapshot().manifest.of("samples")["2026-01-16"].name).unlink()
    lake.verify(now=DAY, repair=True)
    told = read_long_history(lake.snapshot(), [METRIC], start=DAY, end=DAY + timedelta(days=2), resource_ids=["a"])
    assert ([str(d) for d in told.hourly], [str(d) for d in told.raw]) == (["2026-01-16"], ["2026-01-17"])
    rows = told.rows.sort("ts").collect()
    assert rows[METRIC].to_list() == [2.0] * 24 + [9.0]
    assert rows["ts"][0] == DAY
