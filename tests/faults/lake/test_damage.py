"""Damage is found before use, set aside, and told; the rest goes on (F15, F18-F22, F59-F61)."""

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.errors import LakeError
from plimsoll.lake import Lake
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.files import Files
from plimsoll.tables import SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def filled(root: Path) -> Lake:
    """Two compacted days and one open segment, 300 rows each."""
    lake = Lake(root)
    for day in range(2):
        lake.append(SAMPLES, _rows(NOON + day * DAY), collector="t")
    lake.compact(now=NOON)
    lake.append(SAMPLES, _rows(NOON + 2 * DAY), collector="t")
    return lake


def _rows(start: datetime) -> list[dict[str, object]]:
    return [
        {
            "ts": start + timedelta(seconds=30 * n),
            "resource_id": "a",
            "device": "",
            "source": "t",
            "cpu_utilization_pct": float(n % 97),
        }
        for n in range(300)
    ]


def days_read(lake: Lake) -> list[int]:
    """Which of the three days can be read, each with all of its rows."""
    frame = lake.snapshot().scan(SAMPLES).collect()
    counts = {day: frame.filter(frame["ts"].dt.date() == (NOON + day * DAY).date()).height for day in range(3)}
    assert set(counts.values()) <= {0, 300}
    return [day for day, count in counts.items() if count]


def data_files(lake: Lake) -> list[Path]:
    """The two day files and the segment, oldest first."""
    named = [*lake.snapshot().manifest.of("samples").values()]
    segments = [s.name for s in lake.snapshot().open["samples"]]
    return [lake.root / "samples" / name for name in [*(file.name for file in named), *segments]]


@pytest.mark.parametrize("which", [0, 2])
def test_one_flipped_bit_in_a_hundred_places_is_found_a_hundred_times(tmp_path: Path, which: int) -> None:
    """F18: no wrong number in any answer: the file is left out, others are read, the answer says what is missing."""
    lake, chance = filled(tmp_path / "lake"), random.Random(5)
    path = data_files(lake)[which]
    whole = path.read_bytes()
    for _ in range(100):
        torn = bytearray(whole)
        torn[chance.randrange(len(torn))] ^= 1 << chance.randrange(8)
        path.write_bytes(torn)
        snapshot = lake.snapshot()
        assert snapshot.scan(SAMPLES).collect().height == 600
        assert [d.reason for d in snapshot.damage(NOON, NOON + 3 * DAY).values()] == [
            "the bytes have changed since they were written"
        ]
    path.write_bytes(whole)
    assert days_read(lake) == [0, 1, 2]


@pytest.mark.parametrize("which", ["a day", "a long segment", "a short segment"])
def test_the_service_too_answers_from_proven_files_only(tmp_path: Path, which: str) -> None:
    """F18: a hundred flips, a hundred times left out and reported, by batch jobs and by looks of the service."""
    chance, count = random.Random(18), 300 if which == "a short segment" else 9_000
    lake = Lake(tmp_path / "lake")
    rows = [{**row, "ts": NOON + timedelta(seconds=n)} for n, row in enumerate((_rows(NOON) * 30)[:count])]
    lake.append(SAMPLES, rows, collector="t")
    if which == "a day":
        lake.compact(now=NOON, grace_s=0)
        lake.compact(now=NOON, grace_s=0)
    (path,) = (lake.root / "samples").iterdir()
    whole = path.read_bytes()
    assert lake.snapshot(proven=False).scan(SAMPLES).collect().height == count
    for n in range(100):
        torn = bytearray(whole)
        torn[chance.randrange(len(torn))] ^= 1 << chance.randrange(8)
        path.write_bytes(torn)
        snapshot = (lake if n % 2 else Lake(lake.root)).snapshot(proven=n % 4 == 0)
        assert snapshot.scan(SAMPLES).collect().height == 0
        assert [d.reason for d in snapshot.damage(NOON, NOON + DAY).values()] == [
            "the bytes have changed since they were written"
        ]
    path.write_bytes(whole)
    assert lake.snapshot(proven=False).scan(SAMPLES).collect().height == count


def test_a_quick_look_reads_a_file_for_its_proof_once_a_process(tmp_path: Path) -> None:
    """The service's hundredth answer costs no hash; what was touched since is read again."""
    lake = filled(tmp_path / "lake")
    files = Counted()
    quick = Lake(lake.root, files=files)
    day = data_files(lake)[0]
    for _ in range(10):
        assert quick.snapshot(proven=False).scan(SAMPLES).collect().height == 900
    assert files.reads[day.name] == 1
    os.utime(day)
    quick.snapshot(proven=False).scan(SAMPLES)
    assert files.reads[day.name] == 2


class Counted(Files):
    """Real files, with how often each was read."""

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()

    def read(self, path: Path | str) -> bytes:
        """Counted."""
        self.reads[Path(path).name] += 1
        return super().read(path)


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


def _linked(path: Path) -> None:
    other = path.with_name("elsewhere")
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize("harm", [_truncated, _emptied, _garbage, Path.unlink, _linked])
@pytest.mark.parametrize("which", [0, 2])
def test_a_harmed_file_is_left_out_set_aside_and_told(tmp_path: Path, harm: Callable[[Path], None], which: int) -> None:
    """F19, F61: whatever happened to it; a symbolic link is never followed; a missing one is told, nothing is moved."""
    lake = filled(tmp_path / "lake")
    harmed = data_files(lake)[which]
    harm(harmed)
    rest = [day for day in range(3) if day != which]
    missing_segment = which == 2 and not harmed.exists()
    assert days_read(lake) == rest
    assert bool(lake.verify(now=NOON).damaged) is not missing_segment  # a segment's name is all that is known of it
    repaired = lake.verify(now=NOON, repair=True)
    assert repaired.damaged.keys() == ({f"samples/{harmed.name}"} if not missing_segment else set())
    assert days_read(lake) == rest
    after = lake.verify(now=NOON)
    assert (after.damaged, set(after.known)) == ({}, set(repaired.damaged))
    lake.compact(now=NOON)
    assert days_read(lake) == rest


def test_an_append_torn_at_any_byte_is_left_out_whole(tmp_path: Path) -> None:
    """F20: no journal's tail could tear: an append is a file of its own, whole or left out; the others stay."""
    lake = filled(tmp_path / "lake")
    path = data_files(lake)[2]
    whole = path.read_bytes()
    for length in [*range(64), *range(64, len(whole), 97), *range(len(whole) - 16, len(whole))]:
        path.write_bytes(whole[:length])
        assert days_read(lake) == [0, 1]
    path.write_bytes(whole)
    assert days_read(lake) == [0, 1, 2]


def test_a_flipped_bit_in_one_append_costs_no_other(tmp_path: Path) -> None:
    """F21: appends do not follow one another in one file, so what comes after the damage is read as before."""
    lake = filled(tmp_path / "lake")
    lake.append(SAMPLES, _rows(NOON + 3 * DAY), collector="t")
    path = data_files(lake)[2]
    torn = bytearray(path.read_bytes())
    torn[len(torn) // 2] ^= 4
    path.write_bytes(torn)
    assert lake.snapshot().scan(SAMPLES).collect().height == 900
    compacted = lake.compact(now=NOON)
    assert compacted.set_aside == [f"samples/{path.name}"]
    assert lake.snapshot().scan(SAMPLES).collect().height == 900
    assert (lake.root / "quarantine" / "samples" / path.name).read_bytes() == bytes(torn)


@pytest.mark.parametrize("which", [0, 2])
def test_a_pipe_in_a_file_s_place_makes_nobody_wait(tmp_path: Path, which: int) -> None:
    """F61: it is no regular file, so it is not opened for its bytes."""
    lake = filled(tmp_path / "lake")
    path = data_files(lake)[which]
    path.unlink()
    os.mkfifo(path)
    assert days_read(lake) == [day for day in range(3) if day != which]


def test_a_damaged_day_is_not_rolled_up_and_the_others_are(tmp_path: Path) -> None:
    """F19: nothing is made of what is not there; the day waits until it is whole again."""
    lake = filled(tmp_path / "lake")
    path = data_files(lake)[0]
    whole = path.read_bytes()
    _truncated(path)
    assert lake.roll_up(now=NOON + 2 * DAY) == 1
    path.write_bytes(whole)
    assert lake.roll_up(now=NOON + 2 * DAY) == 1


class Unreadable(Files):
    """One file gives input/output errors."""

    bad = ""

    def read(self, path: Path | str) -> bytes:
        """May fail."""
        if Path(path).name == self.bad:
            raise OSError(5, "Input/output error")
        return super().read(path)


def test_a_file_that_cannot_be_read_is_quarantined_and_queries_go_on(tmp_path: Path) -> None:
    """F15: EIO on one segment."""
    filled(tmp_path / "lake")
    files = Unreadable()
    lake = Lake(tmp_path / "lake", files=files)
    files.bad = data_files(lake)[1].name
    assert days_read(lake) == [0, 2]
    assert lake.verify(now=NOON, repair=True).set_aside == [f"samples/{files.bad}"]
    assert days_read(lake) == [0, 2]


def test_a_damaged_manifest_is_healed_and_both_damaged_wait_for_a_person(tmp_path: Path) -> None:
    """F22: the generation before serves readers; the next compaction makes the manifest anew. Nothing is deleted."""
    lake = filled(tmp_path / "lake")
    lake.compact(now=NOON)
    (lake.root / manifests.NAME).write_bytes(b"garbage")
    assert days_read(lake) == [0, 1, 2]
    lake.compact(now=NOON + 365 * DAY)
    assert days_read(lake) == [0, 1, 2]
    for name in (manifests.NAME, manifests.PREVIOUS):
        (lake.root / name).write_bytes(b"garbage")
    with pytest.raises(LakeError, match="no readable manifest"):
        lake.snapshot()
    with pytest.raises(LakeError, match="plimsoll verify --repair"):
        lake.compact(now=NOON)
    lake.append(SAMPLES, _rows(NOON + 3 * DAY)[:1], collector="t")  # readings are accepted all the while
    assert lake.verify(now=NOON, repair=True).rebuilt
    assert days_read(lake) == [0, 1, 2]
    for name in (manifests.NAME, manifests.PREVIOUS):
        (lake.root / name).unlink()
    with pytest.raises(LakeError, match="both generations are missing"):
        lake.snapshot()
    assert lake.verify(now=NOON, repair=True).rebuilt
    assert lake.snapshot().scan(SAMPLES).collect().height == 901


def test_a_newer_lake_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """F60: an older program on a newer folder."""
    lake = filled(tmp_path / "lake")
    newer = b'{"format":99,"generation":5,"something":"new"}'
    import hashlib

    (lake.root / manifests.NAME).write_bytes(hashlib.sha256(newer).hexdigest().encode() + b"\n" + newer)
    before = {path: path.read_bytes() for path in lake.root.rglob("*") if path.is_file()}
    again = Lake(lake.root)
    for act in (
        lambda: again.append(SAMPLES, _rows(NOON)[:1], collector="t"),
        lambda: again.compact(now=NOON),
        lambda: again.verify(now=NOON, repair=True),
        again.snapshot,
    ):
        with pytest.raises(LakeError, match=r"newer Plimsoll \(format 99, this one reads 2\).*nothing was changed"):
            act()
    assert {path: path.read_bytes() for path in lake.root.rglob("*") if path.is_file()} == before


def test_a_reader_finishes_though_its_files_were_replaced(tmp_path: Path) -> None:
    """F59: replaced files outlive the longest reader: they go only after their grace."""
    lake = filled(tmp_path / "lake")
    reader = lake.snapshot().scan(SAMPLES)
    lake.append(SAMPLES, _rows(NOON + timedelta(hours=3)), collector="t")
    lake.compact(now=NOON)
    lake.compact(now=NOON + timedelta(minutes=29))
    assert reader.collect().height == 900
