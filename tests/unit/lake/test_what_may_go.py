"""What cleaning, retention and a stranger's segment may do at the very edge: an hour, a week, a byte, one row."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from plimsoll.errors import BadParameter, DiskError, LakeError
from plimsoll.lake import Lake, RetentionPolicy, Segment
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.encoding import streaming
from plimsoll.lake.format.files import UNNAMED, Files
from plimsoll.lake.maintain import retention
from plimsoll.lake.maintain.cleaning import clean
from plimsoll.lake.read.merging import Chosen, Days, short_rows
from plimsoll.lake.shared import ingest
from plimsoll.lake.shared.ingest import NotAllowedForToken, ingest_segment
from plimsoll.lake.shared.validation import glance
from plimsoll.lake.stores import FolderStore
from plimsoll.tables import SAMPLES
from tests.strangers import NOW, frame, named, parquet

DAY, HOUR, SECOND, MS = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1), timedelta(milliseconds=1)
NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)


def filled(root: Path, days: Sequence[int]) -> Lake:
    """A reading of so many days before noon, each compacted and rolled up."""
    lake = Lake(root)
    keys = {"resource_id": "a", "device": "", "source": "t", "cpu_utilization_pct": 1.0}
    lake.append(SAMPLES, [{"ts": NOON - n * DAY, **keys} for n in days], collector="t")
    lake.compact(now=NOON)
    lake.roll_up(now=NOON)
    return lake


def policy(days: dict[str, int], **more: Any) -> RetentionPolicy:  # noqa: ANN401
    """So many days of each, nothing on hold."""
    return RetentionPolicy(days=days, reason_to_keep=lambda _table, _day: None, **more)


def written(path: Path, at: datetime) -> None:
    """Its time of change."""
    os.utime(path, (at.timestamp(), at.timestamp()))


def test_a_dead_writer_s_file_goes_after_an_hour_and_not_before(tmp_path: Path) -> None:
    """To the second; every other name stays."""
    lake = filled(tmp_path, [0])
    young, old, other = (lake.root / "samples" / name for name in (".tmp-1-x", ".tmp-2-x", "notes"))
    for path, age in ((young, HOUR), (old, HOUR + SECOND), (other, 9 * DAY)):
        path.write_bytes(b"x")
        written(path, NOON - age)
    assert clean(Files(), lake.root, now=NOON, grace_s=10**9) == 0
    assert (young.exists(), old.exists(), other.exists()) == (True, False, True)


def test_replaced_files_go_when_their_grace_is_over_to_the_second(tmp_path: Path) -> None:
    """And how many is said."""
    lake = Lake(tmp_path)
    name = lake.append(SAMPLES, frame("a", 3), collector="t")
    lake.compact(now=NOW)
    path = lake.root / "samples" / name
    assert clean(Files(), lake.root, now=NOW + 59 * SECOND, grace_s=60) == 0
    assert path.exists()
    assert clean(Files(), lake.root, now=NOW + 60 * SECOND, grace_s=60) == 1
    assert not path.exists()
    assert manifests.load(Files(), lake.root).replaced == {}
    assert clean(Files(), lake.root, now=NOW + 61 * SECOND, grace_s=60) == 0


@pytest.mark.parametrize("which", ["its own", "that of the manifest", "neither"])
def test_a_file_that_no_manifest_names_goes_only_where_both_are_proven(tmp_path: Path, which: str) -> None:
    """One flipped bit in either, and it is set aside: nobody knows then whether its rows are in the other one."""
    lake = Lake(tmp_path)
    lake.append(SAMPLES, frame("a", 3), collector="t")
    lake.compact(now=NOW, grace_s=0)
    (day,) = (lake.root / "samples").glob("d-*")
    data = day.read_bytes()
    lake.append(SAMPLES, frame("b", 3), collector="t")
    lake.compact(now=NOW, grace_s=0)
    lake.compact(now=NOW + SECOND, grace_s=0)
    assert not day.exists()
    (current,) = (lake.root / "samples").glob("d-*")
    day.write_bytes(data[:-1] + b"\0" if which == "its own" else data)
    written(day, NOW - DAY)
    if which == "that of the manifest":
        torn = current.read_bytes()
        current.write_bytes(torn[:-1] + b"\0")
    clean(Files(), lake.root, now=NOW + 2 * SECOND, grace_s=0)
    assert not day.exists()
    assert (lake.root / UNNAMED / "samples" / day.name).exists() is (which != "neither")


def test_retention_counts_days_and_believes_a_clock_within_a_week(tmp_path: Path) -> None:
    """A day goes when it is older than asked for; the newest reading may be seven days away and no second more."""
    lake = filled(tmp_path, [0, 9, 10, 11])
    rule = policy({"samples": 10})
    assert [drop.day for drop in lake.plan_retention(rule, now=NOON).drops] == ["2026-05-21"]
    assert lake.plan_retention(rule, now=NOON + 7 * DAY).drops
    far = lake.plan_retention(rule, now=NOON + 7 * DAY + SECOND)
    assert (far.drops, list(far.kept)) == ([], ["everything"])
    assert "7 days apart; nothing is dropped" in far.kept["everything"]
    assert lake.plan_retention(policy({"samples": 9}), now=NOON - DAY).drops
    behind = lake.plan_retention(rule, now=NOON - 20 * DAY)
    assert "no reading is older than this clock" in behind.kept["everything"]
    (drop,) = lake.plan_retention(rule, now=NOON).drops
    assert (drop.table, drop.rows, drop.rule) == ("samples", 1, "samples kept for 10 days")
    assert drop.bytes == (lake.root / "samples" / drop.file).stat().st_size
    assert lake.apply_retention(rule, [], now=NOON) == []
    assert Lake(tmp_path / "none").plan_retention(rule, now=NOON).drops == []


def test_days_ahead_of_the_clock_are_named(tmp_path: Path) -> None:
    """More than a day ahead; a host's clock is wrong."""
    lake = filled(tmp_path, [0, -1, -2])
    kept = lake.plan_retention(policy({"samples": 10}), now=NOON).kept
    assert list(kept) == ["samples 2026-06-03"]
    assert "ahead of this clock" in kept["samples 2026-06-03"]


def test_derived_partitions_go_at_once_and_other_names_stay(tmp_path: Path) -> None:
    """By the day that their name begins with, held by the same rules; a name that begins with none is not ours."""
    lake = filled(tmp_path, [0, 9, 10, 11])
    folder = lake.root / "derived" / "hours"
    (folder / "notes.parquet").write_bytes(b"x")
    before = sorted(path.name for path in folder.iterdir())
    planned = lake.plan_retention(policy({"hours": 10}), now=NOON).drops
    (drop,) = planned
    assert (drop.table, drop.day, drop.rows, drop.bytes > 0) == ("hours", "2026-05-21", 0, True)
    assert lake.apply_retention(policy({"hours": 10}), planned, now=NOON) == planned
    assert sorted(path.name for path in folder.iterdir()) == [name for name in before if name != drop.file]
    held = RetentionPolicy(days={"hours": 9}, reason_to_keep=lambda _table, _day: "case 7")
    assert lake.plan_retention(held, now=NOON).kept == {"hours 2026-05-22": "case 7"}


class Elsewhere(Files):
    """A lake of which a file is here only once its size was asked for."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept

    def size(self, path: Path) -> int:
        """Brings it."""
        path.write_bytes((self.kept / path.name).read_bytes())
        return super().size(path)


def test_a_file_that_lies_elsewhere_is_brought_before_it_is_looked_into(tmp_path: Path) -> None:
    """Whether a resource on hold has rows of a day is read from the day itself."""
    lake = filled(tmp_path / "lake", [0, 11])
    folder, kept = lake.root / "derived" / "hours", tmp_path / "kept"
    kept.mkdir()
    for path in folder.iterdir():
        (kept / path.name).write_bytes(path.read_bytes())
        path.write_bytes(b"")

    def to_keep(_table: str, _day: date) -> dict[str, str]:
        return {"a": "held by case-7"}

    hold = policy({"hours": 10}, resources_to_keep=to_keep)
    planned = retention.plan(Elsewhere(kept), lake.root, hold, now=NOON)
    assert (planned.drops, list(planned.kept.values())) == ([], ["held by case-7 (it has rows of a)"])


class Forgetful(FolderStore):
    """A store that keeps something else than it was given."""

    def put(self, key: str, data: bytes) -> None:
        """Cut."""
        super().put(key, data[:-1])


def test_an_archive_that_differs_drops_nothing_and_one_that_has_it_is_left_alone(tmp_path: Path) -> None:
    """What lies there under the name with other bytes is written anew, and read back."""
    lake = filled(tmp_path / "lake", [0, 11])
    planned = lake.plan_retention(policy({"samples": 10}), now=NOON).drops
    with pytest.raises(DiskError, match="the archived copy differs from the original; nothing was dropped"):
        lake.apply_retention(policy({"samples": 10}, archive=Forgetful(tmp_path / "bad", made=True)), planned, now=NOON)
    good = FolderStore(tmp_path / "good", made=True)
    key = f"samples/{planned[0].file}"
    good.put(key, b"older")
    assert lake.apply_retention(policy({"samples": 10}, archive=good), planned, now=NOON) == planned
    assert good.get(key).data == (lake.root / key).read_bytes()
    assert [row["archive"] for row in lake.audit()] == [good.uri]


def sent(root: Path, given: pl.DataFrame, name: str | None = None, **more: Any) -> bool:  # noqa: ANN401
    """Through the door, as host evil."""
    data = more.pop("data", streaming(given))
    told: dict[str, Any] = {"host": "evil", "resource_ids": (), "now": NOW, "table": "samples", **more}
    return ingest_segment(Lake(root), told.pop("table"), name or named(given, data), data, **told)


def test_a_segment_at_the_door_is_what_its_name_and_its_token_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Table, name, host, size, checksum, span and resources, each refused by name; nothing is kept."""
    given = frame("a", 3)
    data = streaming(given)
    first = int(given["ts"].dt.epoch("ms").min())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    refusals: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"table": "none"}, BadParameter, "table"),
        ({"name": "x"}, BadParameter, "is not the name of a segment"),
        ({"host": "other"}, NotAllowedForToken, 'the token is of host "other", the segment of "evil"'),
        ({"data": data[:-1], "name": named(given, data)}, BadParameter, "another checksum"),
        ({"name": named(given, data, first_ms=first + 1)}, BadParameter, "another time span"),
        ({"resource_ids": ("b",)}, NotAllowedForToken, 'may not write about "a"'),
        ({"now": NOW - 2 * HOUR}, LakeError, "an hour in the future"),
    ]
    for more, kind, said in refusals:
        with pytest.raises(kind, match=said):
            sent(tmp_path, given, **more)
    monkeypatch.setattr(ingest, "MOST_BYTES", len(data) - 1)
    with pytest.raises(BadParameter, match=f"is more than {len(data) - 1} bytes"):
        sent(tmp_path, given)
    assert Lake(tmp_path).snapshot().scan(SAMPLES).collect().height == 0
    monkeypatch.setattr(ingest, "MOST_BYTES", len(data))
    assert sent(tmp_path, given, resource_ids=("a", "b"))


def looked(given: pl.DataFrame, form: str, **more: Any) -> str:  # noqa: ANN401
    """What a glance says of a segment; empty where it may stay."""
    data = parquet(given) if form == "parquet" else streaming(given)
    one = Segment.parse(named(given, data, format=form, **more))
    assert one is not None
    try:
        glance(SAMPLES, one, data)
    except LakeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("form", ["arrows", "parquet"])
def test_a_glance_finds_what_would_stop_a_compaction(form: str) -> None:
    """Two days and not a millisecond more; the span and the number of rows that its name tells; its table's columns."""
    last = int(NOW.timestamp() * 1000)
    long = pl.concat([frame("a", 1), frame("a", 1, at=NOW - 2 * DAY)])
    longer = pl.concat([frame("a", 1), frame("a", 1, at=NOW - 2 * DAY - MS)])
    assert (looked(frame("a", 3), form), looked(long, form)) == ("", "")
    assert "more than 2 days" in looked(longer, form)
    assert "another time span" in looked(frame("a", 3), form, last_ms=last + 1)
    assert "3 rows; its name tells 4" in looked(frame("a", 3), form, rows=4)
    assert 'has no column "odd"' in looked(frame("a", 3).with_columns(odd=pl.lit(1)), form)
    assert looked(frame("a", 3).with_columns(gpu_power_w=pl.lit("x")), form)
    if form == "parquet":
        assert looked(frame("a", 3), form, rows=None) == ""


def test_rows_of_open_segments_that_differ_from_their_names_are_never_guessed(tmp_path: Path) -> None:
    """Which row was written last would be wrong for all behind them."""
    lake = Lake(tmp_path)
    one = Segment.parse(lake.append(SAMPLES, frame("a", 3), collector="t"))
    assert one is not None

    def merged(rows: int) -> list[pl.DataFrame]:
        return short_rows(Chosen(Days(), Days(), [([one], frame("a", rows))], [], [one]))

    assert [rows["_order"].to_list() for rows in merged(3)] == [[1, 1, 1]]
    with pytest.raises(LakeError, match="open segments hold 4 rows, their names tell 3"):
        merged(4)
