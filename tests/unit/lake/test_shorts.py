"""Short segments are read once a process; what is asked for again is there, and what has changed is looked at anew."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plimsoll.lake import Lake
from plimsoll.lake.format.files import Files
from plimsoll.tables import SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)


class Counting(Files):
    """Real files, with the names that were read."""

    def __init__(self) -> None:
        self.read_names: Counter[str] = Counter()

    def read(self, path: Path | str) -> bytes:
        """Counted."""
        self.read_names[Path(path).name] += 1
        return super().read(path)

    @property
    def segments(self) -> list[int]:
        """How often each segment was read."""
        return sorted(count for name, count in self.read_names.items() if name.startswith("s-"))


def append(lake: Lake, minute: int, cpu: float) -> str:
    """One reading."""
    row = {"ts": NOON + timedelta(minutes=minute), "resource_id": "a", "device": "", "source": "t"}
    return lake.append(SAMPLES, [{**row, "cpu_utilization_pct": cpu}], collector="t")


def read(lake: Lake, *, proven: bool = True) -> list[float]:
    """The readings in their order."""
    rows = lake.snapshot(proven=proven).scan(SAMPLES, columns=["ts", "cpu_utilization_pct"])
    return rows.sort("ts").collect()["cpu_utilization_pct"].to_list()


def test_each_is_read_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    """Ten looks, also through snapshots of their own; a new one costs the set to be read once more."""
    files = Counting()
    lake = Lake(tmp_path, files=files)
    for minute in range(3):
        append(lake, minute, minute)
    assert [read(lake) for _ in range(10)] == [[0.0, 1.0, 2.0]] * 10
    assert files.segments == [1, 1, 1]
    append(lake, 3, 3.0)
    assert [read(lake) for _ in range(10)] == [[0.0, 1.0, 2.0, 3.0]] * 10
    assert files.segments == [1, 2, 2, 2]


def test_a_quick_look_is_proven_like_a_thorough_one(tmp_path: Path) -> None:
    """Whoever asks first: what has changed on the disk is in no answer."""
    files = Counting()
    lake = Lake(tmp_path, files=files)
    path = tmp_path / "samples" / append(lake, 0, 50.0)
    whole = bytearray(path.read_bytes())
    at = whole.index(b"\x00\x00\x48\x42")  # 50 as Float32
    whole[at + 2] ^= 1
    path.write_bytes(whole)
    assert read(lake, proven=False) == []
    assert read(lake) == []
    assert read(Lake(tmp_path), proven=False) == []


def test_a_file_that_was_touched_is_proven_anew(tmp_path: Path) -> None:
    """Damage after the first look is found by the next one, and told."""
    lake = Lake(tmp_path)
    path = tmp_path / "samples" / append(lake, 0, 50.0)
    append(lake, 1, 60.0)
    assert read(lake) == [50.0, 60.0]
    torn = bytearray(path.read_bytes())
    torn[len(torn) // 2] ^= 1
    path.write_bytes(torn)
    assert read(lake) == [60.0]
    path.unlink()
    assert read(lake) == [60.0]


def test_what_another_reader_found_to_be_bad_stays_out(tmp_path: Path) -> None:
    """`unsound` is left out though it was read and proven before."""
    lake = Lake(tmp_path)
    name = append(lake, 0, 50.0)
    append(lake, 1, 60.0)
    assert read(lake) == [50.0, 60.0]
    rows = lake.snapshot(unsound=[f"samples/{name}"]).scan(SAMPLES, columns=["cpu_utilization_pct"]).collect()
    assert rows["cpu_utilization_pct"].to_list() == [60.0]
