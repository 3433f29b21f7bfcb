"""What is dropped was old enough, announced, proven and rolled up; the rest stays and says why."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.config import Layer, load
from plimsoll.errors import ConfigError
from plimsoll.lake import Lake, RetentionPolicy, read_long_history
from plimsoll.lake.stores import FolderStore
from plimsoll.project import sections
from plimsoll.tables import SAMPLES
from plimsoll.tasks.retention import rules

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def filled(root: Path) -> Lake:
    """A reading on each of 60 days before now."""
    lake = Lake(root)
    rows = [
        {"ts": NOW - timedelta(days=n), "resource_id": "a", "device": "", "source": "t", "cpu_utilization_pct": 1.0}
        for n in range(60)
    ]
    lake.append(SAMPLES, rows, collector="t")
    lake.compact(now=NOW)
    return lake


def kept(days: int, **more: object) -> RetentionPolicy:
    """Readings for so many days, nothing held."""
    return RetentionPolicy(**{"days": {"samples": days}, "reason_to_keep": lambda _t, _d: None, **more})  # type: ignore[arg-type]


def test_only_what_was_announced_goes_and_the_audit_tells(tmp_path: Path) -> None:
    """Dry run, then the same files, then a line each in the audit; the files themselves go after their grace."""
    lake = filled(tmp_path / "lake")
    assert lake.plan_retention(kept(50), now=NOW).drops == []
    assert set(lake.plan_retention(kept(50), now=NOW).kept.values()) == {"not rolled up yet"}
    lake.roll_up(now=NOW)
    planned = lake.plan_retention(kept(50), now=NOW).drops
    assert [drop.day for drop in planned] == [str((NOW - timedelta(days=n)).date()) for n in range(59, 50, -1)]
    assert lake.apply_retention(kept(50), planned[:4], now=NOW) == planned[:4]
    assert lake.snapshot().scan(SAMPLES).collect().height == 56
    assert [(row["day"], row["rule"]) for row in lake.audit()] == [
        (drop.day, "samples kept for 50 days") for drop in planned[:4]
    ]
    assert (lake.root / "samples" / planned[0].file).exists()
    lake.compact(now=NOW + timedelta(hours=1))
    assert not (lake.root / "samples" / planned[0].file).exists()


def test_an_announcement_that_no_longer_holds_is_not_carried_out(tmp_path: Path) -> None:
    """Late readings came in between: the day stays."""
    lake = filled(tmp_path / "lake")
    lake.roll_up(now=NOW)
    planned = lake.plan_retention(kept(50), now=NOW).drops
    late = {"ts": NOW - timedelta(days=59), "resource_id": "b", "device": "", "source": "t"}
    lake.append(SAMPLES, [late], collector="t")
    assert len(lake.apply_retention(kept(50), planned, now=NOW)) == len(planned) - 1
    assert lake.snapshot().scan(SAMPLES, resource_ids=["b"]).collect().height == 1


def test_an_archived_copy_comes_first(tmp_path: Path) -> None:
    """It is read back before anything is dropped; without it nothing goes."""
    lake = filled(tmp_path / "lake")
    lake.roll_up(now=NOW)
    planned = lake.plan_retention(kept(50), now=NOW).drops
    (tmp_path / "blocked").write_text("no folder")
    with pytest.raises(Exception, match="blocked"):
        lake.apply_retention(kept(50, archive=FolderStore(tmp_path / "blocked", made=True)), planned, now=NOW)
    assert lake.snapshot().scan(SAMPLES).collect().height == 60
    originals = {drop.file: (lake.root / "samples" / drop.file).read_bytes() for drop in planned}
    lake.apply_retention(kept(50, archive=FolderStore(tmp_path / "archive", made=True)), planned, now=NOW)
    assert {p.name: p.read_bytes() for p in (tmp_path / "archive" / "samples").iterdir()} == originals


def test_a_hold_for_a_resource_keeps_the_days_that_have_rows_of_it(tmp_path: Path) -> None:
    """Readings and hourly rollups alike; other days of the period go."""
    lake = filled(tmp_path / "lake")
    witness = {"ts": NOW - timedelta(days=57), "resource_id": "b", "device": "", "source": "t", "gpu_power_w": 1.0}
    lake.append(SAMPLES, [witness], collector="t")
    lake.compact(now=NOW)
    lake.roll_up(now=NOW)
    rule = _rules(
        '[retention]\nraw = "50d"\nhourly = "50d"\n[legal_hold.case-7]\nsince = 2026-01-01\nresources = ["b"]'
    )
    planned = lake.plan_retention(rule, now=NOW)
    day = str((NOW - timedelta(days=57)).date())
    assert {table for table in ("samples", "hours", "hour_buckets") if f"{table} {day}" in planned.kept} == {
        "samples",
        "hours",
        "hour_buckets",
    }
    assert planned.kept[f"samples {day}"] == "held by case-7 (it has rows of b)"
    assert len({drop.day for drop in planned.drops}) == 8
    assert day not in {drop.day for drop in planned.drops}


def test_a_clock_that_is_years_ahead_drops_nothing(tmp_path: Path) -> None:
    """Ten years ahead, everything would be old."""
    lake = filled(tmp_path / "lake")
    lake.roll_up(now=NOW)
    planned = lake.plan_retention(kept(50), now=NOW + timedelta(days=3650))
    assert planned.drops == []
    assert "nothing is dropped until readings come again or the clock is right" in planned.kept["everything"]


def test_late_readings_of_a_dropped_day_do_not_replace_its_rollup(tmp_path: Path) -> None:
    """What is left of a day is not the day: its hours stay as they were, and long memory reads those."""
    lake = filled(tmp_path / "lake")
    lake.roll_up(now=NOW)
    planned = lake.plan_retention(kept(50), now=NOW).drops
    lake.apply_retention(kept(50), planned[:1], now=NOW)
    before = lake.snapshot().partitions("hours")
    late = datetime.fromisoformat(planned[0].day).replace(hour=3, tzinfo=UTC)
    row = {"ts": late, "resource_id": "a", "device": "", "source": "late", "cpu_utilization_pct": 99.0}
    lake.append(SAMPLES, [row], collector="t")
    lake.compact(now=NOW)
    assert lake.roll_up(now=NOW) == 0
    assert lake.snapshot().partitions("hours") == before
    day = late.replace(hour=0)
    told = read_long_history(
        lake.snapshot(), ["cpu_utilization_pct"], start=day, end=day + timedelta(days=1), resource_ids=["a"]
    )
    assert (told.raw, told.hourly) == ([], [day.date()])
    assert told.rows.collect()["cpu_utilization_pct"].to_list() == [1.0]


def test_a_damaged_day_stays(tmp_path: Path) -> None:
    """What is damaged is evidence, not rubbish."""
    lake = filled(tmp_path / "lake")
    lake.roll_up(now=NOW)
    day = lake.plan_retention(kept(50), now=NOW).drops[0]
    path = lake.root / "samples" / day.file
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert "damaged" in lake.plan_retention(kept(50), now=NOW).kept[f"samples {day.day}"]


def _rules(text: str) -> RetentionPolicy:
    builtin = Layer.read(Path(__file__).parents[3] / "config.toml")
    return rules(load([builtin, Layer("config.toml", text)], sections()))


def test_the_config_decides_and_bad_lengths_are_refused() -> None:
    """Bad input B13: zero is refused with the bound; a hold keeps its days; catch-up needs its readings."""
    assert _rules("").days == {
        "samples": 90,
        "collections": 90,
        "hours": 730,
        "hour_buckets": 730,
        "baselines": 90,
        "usual": 90,
        "trends": 90,
    }
    with pytest.raises(ConfigError, match=r'config.toml:2: \[retention\] raw = "0d".*greater than or equal'):
        _rules('[retention]\nraw = "0d"')
    with pytest.raises(ConfigError, match='write at least "45d", or catch up less'):
        _rules('[retention]\nraw = "31d"')
    with pytest.raises(ConfigError, match="until 2026-01-01 lies before since 2026-02-01"):
        _rules("[legal_hold.case]\nsince = 2026-02-01\nuntil = 2026-01-01")
    reason_to_keep = _rules(
        '[legal_hold.case-7]\nsince = 2026-01-10\nuntil = 2026-01-20\nreason = "audit"'
    ).reason_to_keep
    assert reason_to_keep("samples", date(2026, 1, 20)) == "held by case-7: audit"
    assert reason_to_keep("samples", date(2026, 1, 21)) is None
