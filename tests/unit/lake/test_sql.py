"""SQL sees what every other reader sees, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.errors import UsageError
from plimsoll.lake import Lake
from plimsoll.lake.sql import Bounds, ask
from plimsoll.tables import SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)


def row(minute: int, cpu: float) -> dict[str, object]:
    """A reading."""
    keys = {"resource_id": "a", "device": "", "source": "t"}
    return {"ts": NOON + timedelta(minutes=minute), **keys, "cpu_utilization_pct": cpu}


def lake_in(root: Path) -> Lake:
    """A compacted day, and an open segment that overwrites one of its rows and adds another."""
    lake = Lake(root)
    lake.append(SAMPLES, [row(0, 1.0), row(1, 2.0)], collector="t")
    lake.compact(now=NOON)
    lake.append(SAMPLES, [row(1, 20.0), row(2, 3.0)], collector="t")
    return lake


def test_the_last_write_wins_also_in_sql(tmp_path: Path) -> None:
    """Day files and open segments are one table, with every column of the catalogue."""
    snapshot = lake_in(tmp_path / "la'ke").snapshot()
    answer = ask(snapshot, "select cpu_utilization_pct, gpu_power_w from samples order by ts", Bounds())
    assert answer.columns == ["cpu_utilization_pct", "gpu_power_w"]
    assert answer.rows == [(1.0, None), (20.0, None), (3.0, None)]
    assert ask(snapshot, "select count(*) from rollups", Bounds()).rows == [(0,)]
    assert ask(Lake(tmp_path / "none").snapshot(), "select count(*) from samples", Bounds()).rows == [(0,)]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("select * from read_csv_auto('/etc/passwd')", "Permission Error"),
        ("select * from read_text('../../../../etc/passwd')", "Permission Error"),
        ("copy samples to 'x.csv'", "one SELECT at a time"),
        ("install httpfs", "one SELECT at a time"),
        ("set enable_external_access = true", "one SELECT at a time"),
        ("select 1; drop view samples", "one SELECT at a time"),
        ("attach 'x.db'", "one SELECT at a time"),
        ("select nothing from samples", "Binder Error"),
        ("selec", "Parser Error"),
        ("", "one SELECT at a time"),
        ("select count(*) from range(100000000000) t(x), range(1000) where x % 7 = 3", "took longer than 0.2 s"),
        ("select * from range(101)", "more than 100 rows"),
    ],
)
def test_everything_else_is_refused_in_one_line(tmp_path: Path, statement: str, why: str) -> None:
    """Other files, writing, extensions, settings, endless and endlessly large answers."""
    snapshot = lake_in(tmp_path / "lake").snapshot()
    with pytest.raises(UsageError, match=why) as refused:
        ask(snapshot, statement, Bounds(seconds=0.2, rows=100))
    assert "\n" not in str(refused.value)


def test_memory_has_a_bound(tmp_path: Path) -> None:
    """An answer that does not fit is refused, the process lives on."""
    snapshot = lake_in(tmp_path / "lake").snapshot()
    with pytest.raises(UsageError, match="needs more than 50 MB"):
        ask(snapshot, "select list(x) from range(50000000) t(x)", Bounds(memory_mb=50))
