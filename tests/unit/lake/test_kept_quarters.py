"""The grid of analyses is kept: it is what the readings give, whatever came late and in whichever order."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plimsoll.analysis.grid import Grid
from plimsoll.lake import Lake, quarters
from plimsoll.queries.grids import fleet_grid, known_metrics
from plimsoll.tables import SAMPLES

DAY = datetime(2026, 2, 2, tzinfo=UTC)
NOW = DAY + timedelta(days=4, hours=7)
NAMES = [f"host-{n}" for n in range(5)]


def readings(days: int = 4, seed: int = 1, every_s: int = 97) -> pl.DataFrame:
    """Hosts that are read at odd seconds, now and then not, one of them with two devices and a metric of its own."""
    rng = np.random.default_rng(seed)
    frames: list[pl.DataFrame] = []
    for n, name in enumerate(NAMES):
        for device in ("", "gpu0", "gpu1") if n == 0 else ("",):
            seconds = np.arange(n, days * 86_400, every_s)
            seconds = seconds[rng.random(len(seconds)) < 0.9]
            own = {"gpu_sm_clock_mhz": rng.uniform(900, 1900, len(seconds))} if device else {}
            frames.append(
                pl.DataFrame(
                    {
                        "ts": pl.Series(
                            [DAY + timedelta(seconds=int(s)) for s in seconds], dtype=pl.Datetime("ms", "UTC")
                        ),
                        "resource_id": name,
                        "device": device,
                        "source": "test",
                        "cpu_utilization_pct": rng.uniform(0, 100, len(seconds)),
                        **own,
                    }
                )
            )
    return pl.concat(frames, how="diagonal")


def filled(root: Path, frame: pl.DataFrame) -> Lake:
    """A compacted lake with its quarters."""
    lake = Lake(root)
    lake.append(SAMPLES, frame, collector="test")
    lake.compact(now=NOW, grace_s=0)
    lake.keep_quarters(now=NOW)
    return lake


def looked_at(lake: Lake, step_s: float = 900) -> Grid:
    """The grid of three days and some hours, which begins and ends inside of days."""
    snapshot, end = lake.snapshot(), NOW
    start = end - timedelta(days=3, hours=5)
    known = known_metrics(snapshot, start, end)
    compared = ("gpu_sm_clock_mhz",)
    return fleet_grid(snapshot, NAMES, start=start, end=end, step_s=step_s, known=known, compared=compared)


def same(one: Grid, other: Grid) -> bool:
    """Byte for byte."""
    return one.series == other.series and one.values.tobytes() == other.values.tobytes() and one.start == other.start


def bytes_of(lake: Lake) -> dict[str, bytes]:
    """What is kept, by file name."""
    return {path.name: path.read_bytes() for path in (lake.root / "derived" / quarters.KIND).glob("*.parquet")}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Four finished days, kept."""
    return filled(tmp_path / "lake", readings())


def test_the_grid_is_the_same_from_what_is_kept(lake: Lake, tmp_path: Path) -> None:
    """For every resource, device and metric; and the kept days are what is read, not the readings."""
    raw = Lake(tmp_path / "raw")
    raw.append(SAMPLES, readings(), collector="test")
    raw.compact(now=NOW, grace_s=0)
    assert len(quarters.kept(lake.snapshot())) == 4
    assert not quarters.kept(raw.snapshot())
    assert same(looked_at(lake), looked_at(raw))
    assert len(looked_at(lake).series) == 7
    for step_s in (300, 1800, 3600):
        assert same(looked_at(lake, step_s), looked_at(raw, step_s))


@pytest.mark.parametrize("step_s", [900, 1800, 3600])
def test_what_is_kept_is_what_is_read(step_s: float, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whole days no reading is scanned again; 04:00 to 07:00 of the last day alone has none that is kept."""
    from plimsoll.queries import grids

    scanned: list[tuple[datetime, datetime]] = []
    real = getattr(grids, "_rows")  # noqa: B009 - private to its module, and what is counted

    def counted(snapshot: object, wanted: object, begin: datetime, until: datetime, metrics: object) -> pl.LazyFrame:
        scanned.append((begin, until))
        frame: pl.LazyFrame = real(snapshot, wanted, begin, until, metrics)
        return frame

    monkeypatch.setattr(grids, "_rows", counted)
    looked_at(lake, step_s)
    midnight = NOW.replace(hour=0)
    assert {span for span in scanned if span != (NOW - timedelta(days=1), NOW)} == {(midnight, NOW)}


def test_late_readings_make_a_day_again(lake: Lake, tmp_path: Path) -> None:
    """From the moment they are there: before compaction the readings are read, after it another partition is kept."""
    late = readings(days=1, seed=9, every_s=3607)
    before = bytes_of(lake)
    lake.append(SAMPLES, late, collector="late")
    assert date(2026, 2, 2) not in quarters.kept(lake.snapshot())
    whole = filled(tmp_path / "whole", pl.concat([readings(), late]).unique(SAMPLES.key, keep="last"))
    assert same(looked_at(lake), looked_at(whole))
    lake.compact(now=NOW, grace_s=0)
    assert date(2026, 2, 2) not in quarters.kept(lake.snapshot())
    assert same(looked_at(lake), looked_at(whole))
    assert lake.keep_quarters(now=NOW) == 1
    assert lake.keep_quarters(now=NOW) == 0
    assert same(looked_at(lake), looked_at(whole))
    assert len(bytes_of(lake)) == 4
    assert len(bytes_of(lake).keys() & before.keys()) == 3


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_order_of_arrival_the_same_bytes_are_kept(seed: int, tmp_path: Path) -> None:
    """Parts in any order, compacted and kept in between, against one rebuild from raw of everything."""
    rng = random.Random(seed)
    frame = readings(days=3, every_s=607)
    parts = [frame.filter(pl.int_range(pl.len()) % 6 == n) for n in range(6)]
    rng.shuffle(parts)
    lake = Lake(tmp_path / "lake")
    for part in parts:
        lake.append(SAMPLES, part, collector=f"c{rng.randrange(3)}")
        if rng.random() < 0.5:
            lake.compact(now=NOW, grace_s=0)
        if rng.random() < 0.5:
            lake.keep_quarters(now=NOW, most=rng.randrange(1, 4))
    lake.compact(now=NOW, grace_s=0)
    lake.keep_quarters(now=NOW)
    once = filled(tmp_path / "once", frame)
    contents = {name[:10]: data for name, data in bytes_of(lake).items()}
    assert contents == {name[:10]: data for name, data in bytes_of(once).items()}
    kept = bytes_of(lake)
    for name in kept:
        (lake.root / "derived" / quarters.KIND / name).unlink()
    assert lake.keep_quarters(now=NOW) == 3
    assert bytes_of(lake) == kept


def test_what_is_damaged_is_not_used_and_made_again(lake: Lake) -> None:
    """A flipped byte: the readings are read instead."""
    whole = looked_at(lake)
    path = sorted((lake.root / "derived" / quarters.KIND).glob("*.parquet"))[2]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert same(looked_at(lake), whole)


def test_the_present_day_is_not_kept(tmp_path: Path) -> None:
    """It is not finished; and no more days are kept than are asked for."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, readings(days=4), collector="test")
    now = DAY + timedelta(days=3, hours=12)
    lake.compact(now=now, grace_s=0)
    assert lake.keep_quarters(now=now, most=2) == 2
    assert sorted(quarters.kept(lake.snapshot())) == [date(2026, 2, 3), date(2026, 2, 4)]
    assert lake.keep_quarters(now=now) == 1
