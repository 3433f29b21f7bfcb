"""What was appended is read back: once, in the window asked for, before and after compaction."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plimsoll.errors import AlreadyLocked, LakeError
from plimsoll.lake import Lake
from plimsoll.lake.format import lock
from plimsoll.tables import RESOURCES, SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)


def row(minute: float, cpu: float | None, *, resource_id: str = "a", source: str = "host") -> dict[str, Any]:
    """One reading, so many minutes after noon."""
    return {
        "ts": NOON + timedelta(minutes=minute),
        "resource_id": resource_id,
        "device": "",
        "source": source,
        "cpu_utilization_pct": cpu,
    }


def read(lake: Lake, **window: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - the scan's own keywords
    """(resource, minute, cpu) of every row, sorted."""
    frame = lake.snapshot().scan(SAMPLES, **window).collect()
    minutes = [(ts - NOON).total_seconds() / 60 for ts in frame["ts"]]
    return sorted(zip(frame["resource_id"], minutes, frame["cpu_utilization_pct"], strict=True))


def test_rows_are_read_back_before_and_after_compaction(tmp_path: Path) -> None:
    """Compaction changes files, never rows; null stays null."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, [row(0, 1.5), row(1, None)], collector="host")
    lake.append(SAMPLES, [row(0, 7.0, resource_id="b")], collector="host")
    expected = [("a", 0.0, 1.5), ("a", 1.0, None), ("b", 0.0, 7.0)]
    assert read(lake) == expected
    done = lake.compact(now=NOON)
    assert (done.segments, done.days, done.rows) == (2, 1, 3)
    assert read(lake) == expected
    assert lake.compact(now=NOON).segments == 0


def test_the_last_write_of_a_key_wins(tmp_path: Path) -> None:
    """F42: also when the first write is in a day file already; another source is another row."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, [row(0, 1.0)], collector="host")
    lake.append(SAMPLES, [row(0, 2.0)], collector="host")
    assert read(lake) == [("a", 0.0, 2.0)]
    lake.compact(now=NOON)
    lake.append(SAMPLES, [row(0, 3.0), row(0, 9.0, source="probe")], collector="host")
    assert read(lake) == [("a", 0.0, 3.0), ("a", 0.0, 9.0)]
    lake.compact(now=NOON)
    assert read(lake) == [("a", 0.0, 3.0), ("a", 0.0, 9.0)]


def test_a_scan_gives_the_half_open_window_and_the_resources_asked_for(tmp_path: Path) -> None:
    """Start is inside, end is outside; days without rows cost nothing."""
    lake = Lake(tmp_path / "lake")
    for day in (0, 1, 2):
        lake.append(SAMPLES, [row(1440 * day, day), row(1440 * day, 50 + day, resource_id="b")], collector="host")
    lake.compact(now=NOON)
    start, end = NOON, NOON + timedelta(days=2)
    assert read(lake, start=start, end=end, resource_ids=["a"]) == [("a", 0.0, 0.0), ("a", 1440.0, 1.0)]
    assert lake.snapshot().days(SAMPLES) == [date(2026, 1, 16), date(2026, 1, 17), date(2026, 1, 18)]


def test_a_segment_over_midnight_is_split_into_its_days(tmp_path: Path) -> None:
    """Every row lands in the day it belongs to, once."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, [row(719, 1.0), row(720, 2.0)], collector="host")
    assert lake.compact(now=NOON).days == 2
    assert read(lake) == [("a", 719.0, 1.0), ("a", 720.0, 2.0)]
    day = lake.snapshot().day(SAMPLES, date(2026, 1, 17), columns=["ts", "cpu_utilization_pct"]).collect()
    assert day["cpu_utilization_pct"].to_list() == [2.0]


def test_a_day_without_rows_inside_a_segment_is_no_day(tmp_path: Path) -> None:
    """A segment may span days of which it holds nothing: a gap in an import, a collector that slept."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, [row(0, 1.0), row(3 * 24 * 60, 2.0)], collector="host")
    assert lake.compact(now=NOON).days == 2
    assert read(lake) == [("a", 0.0, 1.0), ("a", 4320.0, 2.0)]
    assert lake.snapshot().days(SAMPLES) == [date(2026, 1, 16), date(2026, 1, 19)]


def test_a_day_is_sorted_also_while_segments_are_open(tmp_path: Path) -> None:
    """Analysis relies on it: run ids on the sorted keys stand for a group-by."""
    lake = Lake(tmp_path / "lake")
    lake.append(SAMPLES, [row(5, 1.0, resource_id="b"), row(3, 1.0)], collector="host")
    lake.compact(now=NOON)
    lake.append(SAMPLES, [row(1, 1.0, resource_id="b")], collector="host")
    frame = lake.snapshot().day(SAMPLES, NOON.date()).collect()
    assert frame.select("resource_id", "ts").rows() == sorted(frame.select("resource_id", "ts").rows())
    assert frame.height == 3


def test_a_large_day_is_worked_on_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole resources each, in their order; file, rollups and a later merge are those of the day in one piece."""
    names = [f"r{n:02d}" for n in range(17)]
    first = [row(minute, minute, resource_id=name) for name in reversed(names) for minute in range(60)]
    later = [row(minute, 99.5, resource_id=name) for name in names[::3] for minute in range(5)]

    def compacted(root: Path) -> Lake:
        lake = Lake(root)
        for rows in (first, later):
            lake.append(SAMPLES, rows, collector="host")
            lake.compact(now=NOON)
        lake.roll_up(now=NOON + timedelta(days=1))
        return lake

    whole = compacted(tmp_path / "whole")
    monkeypatch.setattr("plimsoll.lake.read.snapshot.WHOLE_ROWS", 100)
    monkeypatch.setattr("plimsoll.lake.read.snapshot.BLOCK_ROWS", 150)
    blocked = compacted(tmp_path / "blocked")
    held = list(blocked.snapshot().blocks(SAMPLES, NOON.date()))
    assert [part["resource_id"].unique().sort().to_list() for part in held] == [
        names[n : n + 2] for n in range(0, 17, 2)
    ]
    for lake in (whole, blocked):
        file = lake.snapshot().manifest.of("samples")[NOON.date().isoformat()]
        assert (file.rows, file.first_ms, file.last_ms) == (1020, ms(NOON), ms(NOON + timedelta(minutes=59)))
    day = [lake.snapshot().day(SAMPLES, NOON.date()).collect() for lake in (whole, blocked)]
    assert day[0].equals(day[1])
    for kind in ("hours", "hour_buckets", "days", "day_buckets"):
        found = [lake.snapshot() for lake in (whole, blocked)]
        frames = [snapshot.derived(kind, snapshot.partitions(kind)[0]) for snapshot in found]
        assert frames[0] is not None
        assert frames[1] is not None
        assert frames[0].equals(frames[1])


def ms(at: datetime) -> int:
    """Milliseconds since the epoch."""
    return round(at.timestamp() * 1000)


def test_replaced_files_live_until_their_grace_is_over(tmp_path: Path) -> None:
    """A reader that began before a compaction still finds its files; an hour later they are gone."""
    lake = Lake(tmp_path / "lake")
    name = lake.append(SAMPLES, [row(0, 1.0)], collector="host")
    before = lake.snapshot()
    lake.compact(now=NOON)
    assert before.scan(SAMPLES).collect().height == 1
    assert (tmp_path / "lake" / "samples" / name).exists()
    assert lake.compact(now=NOON + timedelta(hours=1)).deleted == 1
    assert not (tmp_path / "lake" / "samples" / name).exists()
    assert read(lake) == [("a", 0.0, 1.0)]


def test_rates_keep_four_digits_and_gauges_stay_as_they_are(tmp_path: Path) -> None:
    """No sensor has more; what must be exact stays exact."""
    lake = Lake(tmp_path / "lake")
    values = {"disk_read_bytes_per_s": 123_456.7, "memory_used_bytes": 123_456_789_013.0, "cpu_utilization_pct": 12.375}
    lake.append(SAMPLES, [{**row(0, None), **values}], collector="host")
    got = lake.snapshot().scan(SAMPLES, columns=list(values)).collect().row(0, named=True)
    assert got == {**values, "disk_read_bytes_per_s": 123_500.0}


def test_a_flipped_bit_is_found_before_it_is_merged(tmp_path: Path) -> None:
    """Compaction proves every input's checksum; the damaged one is set aside, the others are merged."""
    lake = Lake(tmp_path / "lake")
    name = lake.append(SAMPLES, [row(n, float(n % 100)) for n in range(500)], collector="host")
    path = tmp_path / "lake" / "samples" / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3] ^= 1
    path.write_bytes(raw)
    lake.append(SAMPLES, [row(1000, 1.0)], collector="host")
    assert lake.compact(now=NOON).set_aside == [f"samples/{name}"]
    assert not path.exists()
    assert (lake.root / "quarantine" / "samples" / name).read_bytes() == raw
    assert read(lake) == [("a", 1000.0, 1.0)]
    known = lake.snapshot().damage(NOON, NOON + timedelta(days=1))
    assert [damage.reason for damage in known.values()] == ["the bytes have changed since they were written"]


def test_one_compactor_at_a_time(tmp_path: Path) -> None:
    """A second one is told so at once."""
    lake = Lake(tmp_path / "lake")
    lake.root.mkdir()
    with lock.only_one(lake.root), pytest.raises(AlreadyLocked, match="another process is compacting"):
        lake.compact(now=NOON)


def test_a_hostile_name_is_only_data(tmp_path: Path) -> None:
    """Names of resources never become paths."""
    lake = Lake(tmp_path / "lake")
    for name in ("../../x", "<script>alert(1)</script>", "a\0b", "[x]*"):
        lake.append(SAMPLES, [row(0, 1.0, resource_id=name)], collector="host")
    lake.compact(now=NOON)
    assert {r[0] for r in read(lake)} == {"../../x", "<script>alert(1)</script>", "a\0b", "[x]*"}
    assert {p.name for p in tmp_path.iterdir()} == {"lake"}
    with pytest.raises(LakeError, match="cannot name a derived table"):
        lake.replace("baselines", "../x", SAMPLES.frame([]))


def test_an_unknown_column_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """The door names the column."""
    lake = Lake(tmp_path / "lake")
    with pytest.raises(LakeError, match='no column "cpu"'):
        lake.append(SAMPLES, [{**row(0, 1.0), "cpu": 1.0}], collector="host")
    with pytest.raises(LakeError, match="cpu_utilization_pct above 100"):
        lake.append(SAMPLES, [row(0, 101.0)], collector="host")
    assert read(lake) == []


def test_a_damaged_manifest_gives_way_to_the_one_before(tmp_path: Path) -> None:
    """Two generations are kept; with both damaged the lake refuses instead of guessing."""
    lake = Lake(tmp_path / "lake")
    for minute in (0, 1):
        lake.append(SAMPLES, [row(minute, 1.0)], collector="host")
        lake.compact(now=NOON)
    (lake.root / "MANIFEST.json").write_bytes(b"garbage")
    assert read(lake) == [("a", 0.0, 1.0), ("a", 1.0, 1.0)]
    (lake.root / "MANIFEST.previous.json").write_bytes(b"")
    with pytest.raises(LakeError, match="plimsoll verify --repair"):
        lake.snapshot()


def test_a_derived_partition_is_replaced_whole(tmp_path: Path) -> None:
    """A run that is done again leaves one result."""
    lake = Lake(tmp_path / "lake")
    for cpu in (1.0, 2.0):
        lake.replace("baselines", "2026-01-16", SAMPLES.frame([row(0, cpu)]))
    frame = lake.snapshot().derived("baselines", "2026-01-16")
    assert frame is not None
    assert frame["cpu_utilization_pct"].to_list() == [2.0]
    assert lake.snapshot().derived("baselines", "2026-01-17") is None


def test_the_inventory_keeps_its_history(tmp_path: Path) -> None:
    """Each change is a row; nothing is overwritten but the same instant."""
    lake = Lake(tmp_path / "lake")
    for minute in (0, 5):
        fact = {
            "ts": NOON + timedelta(minutes=minute),
            "resource_id": "a",
            "source": "t",
            "name": "A",
            "type": "cluster",
        }
        lake.append(RESOURCES, [{**fact, "interval_s": 30.0}], collector="host")
    assert lake.snapshot().scan(RESOURCES).collect().height == 2
