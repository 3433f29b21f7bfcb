"""A manifest's generation never goes back: what is put back, lost or damaged costs no day, and brings none back."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.lake import Lake, RetentionPolicy
from plimsoll.lake.format import audit
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.files import UNNAMED, Files
from plimsoll.lake.maintain.cleaning import clean
from plimsoll.tables import SAMPLES
from tests.strangers import rows

NOW = datetime.now(UTC).replace(microsecond=0)
"""Files carry the time at which the test writes them."""
LATER = NOW + timedelta(hours=1)
KEPT = RetentionPolicy(days={"samples": 30}, reason_to_keep=lambda _table, _day: None)


def grown(root: Path, times: int = 3) -> tuple[Lake, list[dict[str, bytes]]]:
    """A lake that was appended to and compacted so often, and both manifests after each time."""
    lake, states = Lake(root), list[dict[str, bytes]]()
    for n in range(times):
        lake.append(SAMPLES, rows(f"r{n}", 10, at=NOW - timedelta(minutes=1)), collector="c")
        lake.compact(now=NOW, grace_s=0)
        names = (manifests.NAME, manifests.PREVIOUS)
        states.append({name: (root / name).read_bytes() for name in names if (root / name).exists()})
    lake.compact(now=NOW, grace_s=0)
    return lake, states


def put_back(lake: Lake, state: dict[str, bytes], *names: str) -> None:
    """Writes manifests as a tool would that knows nothing of them."""
    for name in names:
        (lake.root / name).write_bytes(state[name])


def read(lake: Lake) -> int:
    """How many rows there are."""
    return lake.snapshot().scan(SAMPLES).collect().height


@pytest.mark.parametrize("state", [0, 1, 2])
@pytest.mark.parametrize("names", [(manifests.NAME,), (manifests.NAME, manifests.PREVIOUS)])
def test_an_older_one_that_is_put_back_costs_no_row(tmp_path: Path, state: int, names: tuple[str, ...]) -> None:
    """Readers take the better one of the two; the next compaction makes a new one, newer than any there was."""
    lake, states = grown(tmp_path)
    generation = lake.snapshot().manifest.generation
    put_back(lake, states[state], *(name for name in names if name in states[state]))
    if names == (manifests.NAME,):
        assert read(lake) == 30
    first = lake.compact(now=LATER)
    assert (first.healed, read(lake)) == (True, 30)
    assert lake.snapshot().manifest.generation > generation
    second = lake.compact(now=LATER + timedelta(hours=1), grace_s=0)
    assert (second.healed, read(lake), lake.verify(now=NOW).damaged) == (False, 30, {})


def test_a_day_file_that_no_manifest_names_is_set_aside_not_deleted(tmp_path: Path) -> None:
    """Also where it is not known that the manifest is an older one: what is not known to be replaced is kept."""
    lake, states = grown(tmp_path)
    (day,) = (lake.root / "samples").iterdir()
    data = day.read_bytes()
    put_back(lake, states[0], manifests.NAME)
    (lake.root / manifests.PREVIOUS).unlink()
    (lake.root / manifests.GENERATION).unlink()
    clean(Files(), lake.root, now=NOW + timedelta(days=1), grace_s=0)
    assert not day.exists()
    assert (lake.root / UNNAMED / "samples" / day.name).read_bytes() == data


def test_what_an_unfinished_compaction_has_left_goes(tmp_path: Path) -> None:
    """Its rows are all in the file that the manifest names; nothing piles up in quarantine."""
    lake, _ = grown(tmp_path)
    (day,) = (lake.root / "samples").iterdir()
    copy = tmp_path / "copy"
    shutil.copy(day, copy)
    lake.append(SAMPLES, rows("late", 5, at=NOW - timedelta(minutes=1)), collector="c")
    lake.compact(now=NOW, grace_s=0)
    lake.compact(now=NOW, grace_s=0)
    assert not day.exists()
    shutil.copy(copy, day)
    lake.compact(now=LATER, grace_s=0)
    assert (day.exists(), (lake.root / UNNAMED).exists(), read(lake)) == (False, False, 35)


def test_what_was_merged_stays_while_the_day_file_is_missing(tmp_path: Path) -> None:
    """The segments are the only copy then: a repair merges them again."""
    lake = Lake(tmp_path)
    name = lake.append(SAMPLES, rows("a", 10, at=NOW - timedelta(minutes=1)), collector="c")
    lake.compact(now=NOW)
    (day,) = (tmp_path / "samples").glob("d-*")
    day.unlink()
    lake.compact(now=LATER, grace_s=0)
    assert (tmp_path / "samples" / name).exists()


def _damaged(path: Path) -> None:
    torn = bytearray(path.read_bytes())
    torn[len(torn) // 2] ^= 1
    path.write_bytes(torn)


@pytest.mark.parametrize("harm", [_damaged, Path.unlink])
def test_healing_brings_no_dropped_day_back(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """Retention drops a day; within its grace the manifest is lost: neither readers nor healing see the day again."""
    lake = Lake(tmp_path)
    lake.append(SAMPLES, rows("old", 5, at=NOW - timedelta(days=90)), collector="c")
    lake.append(SAMPLES, rows("new", 5, at=NOW - timedelta(minutes=1)), collector="c")
    lake.compact(now=NOW)
    lake.roll_up(now=NOW)
    assert len(lake.apply_retention(KEPT, lake.plan_retention(KEPT, now=NOW).drops, now=NOW)) == 1
    today = [(NOW - timedelta(minutes=1)).date()]
    harm(tmp_path / manifests.NAME)
    assert lake.snapshot().days(SAMPLES) == today
    assert lake.compact(now=NOW).healed
    assert (lake.snapshot().days(SAMPLES), read(lake)) == (today, 5)
    lake.compact(now=LATER, grace_s=0)
    assert [path.name for path in (tmp_path / "samples").glob(f"*{(NOW - timedelta(days=90)).date()}*")] == []
    assert (lake.snapshot().days(SAMPLES), read(lake)) == (today, 5)
    lake.append(SAMPLES, rows("late", 2, at=NOW - timedelta(days=90)), collector="c")
    assert read(lake) == 7, "what comes late for the day comes"


def test_a_day_that_becomes_again_what_it_was_keeps_its_file(tmp_path: Path) -> None:
    """Written over and back within the grace: the file that is named again is not deleted as replaced."""
    lake = Lake(tmp_path)
    for watts in (1.0, 2.0, 1.0):
        lake.append(SAMPLES, rows("a", 10, at=NOW - timedelta(minutes=1), watts=watts), collector="c")
        lake.compact(now=NOW)
    lake.compact(now=LATER)
    assert lake.snapshot().scan(SAMPLES).collect()["gpu_power_w"].to_list() == [1.0] * 10


def test_a_cut_line_of_the_audit_hides_no_other(tmp_path: Path) -> None:
    """A crash amid a line: that drop has not happened; those before and after it are read."""
    audit.note(tmp_path, [{"at": "2026-01-01T00:00:00Z", "table": "samples", "day": "2025-01-01", "file": "a"}])
    with (tmp_path / audit.AUDIT).open("ab") as file:
        file.write(b'{"at": "2026-01-02T00:0')
    audit.note(tmp_path, [{"at": "2026-01-03T00:00:00Z", "table": "samples", "day": "2025-01-02", "file": "b"}])
    assert [row["file"] for row in audit.read(tmp_path)] == ["a", "b"]
    assert len(audit.retired(tmp_path, "samples")) == 2


@pytest.mark.parametrize("ahead", [timedelta(days=10), timedelta(days=4_000)])
def test_one_reading_of_the_future_stops_no_retention(tmp_path: Path, ahead: timedelta) -> None:
    """What is old goes all the same; the day ahead is named with what to think of it."""
    lake = Lake(tmp_path)
    for name, at in (("old", NOW - timedelta(days=90)), ("new", NOW), ("ahead", NOW + ahead)):
        lake.append(SAMPLES, rows(name, 1, at=at), collector="c")
    lake.compact(now=NOW)
    lake.roll_up(now=NOW)
    planned = lake.plan_retention(KEPT, now=NOW)
    assert [drop.day for drop in planned.drops] == [str((NOW - timedelta(days=90)).date())]
    day = f"samples {(NOW + ahead).date()}"
    assert "a host's clock is wrong" in planned.kept[day]
    assert lake.plan_retention(KEPT, now=NOW + timedelta(days=60)).drops == [], "a clock that is ahead drops nothing"
    before = lake.plan_retention(KEPT, now=NOW - timedelta(days=60))
    assert before.drops == []
