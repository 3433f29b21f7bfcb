"""What an older program has let in: it is left out, set aside and reported; the honest rows beside it stay."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from plimsoll.errors import LakeError
from plimsoll.lake import Lake, Snapshot
from plimsoll.lake.format.encoding import FrameBuffer, streaming
from plimsoll.lake.format.manifest import DayFile
from plimsoll.lake.maintain import day_files, rollup_days
from plimsoll.lake.read.integrity import UNREADABLE
from plimsoll.lake.sql import Bounds, ask
from plimsoll.tables import SAMPLES
from tests.strangers import NOW, cut_off, frame, named, parquet, rows


def lake_with(root: Path, given: pl.DataFrame, data: bytes, **told: object) -> tuple[Lake, str]:
    """Two honest hosts, a strange segment between their readings, put there past the door."""
    lake = Lake(root)
    for n in range(2):
        lake.append(SAMPLES, rows(f"honest-{n}"), collector="h")
    name = named(given, data, **told)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (root / "samples" / name).write_bytes(data)
    for n in range(2, 4):
        lake.append(SAMPLES, rows(f"honest-{n}"), collector="h")
    return lake, f"samples/{name}"


def honest(lake: Lake, *, proven: bool = True) -> list[int]:
    """How many rows there are of each honest host."""
    read = lake.snapshot(proven=proven).scan(SAMPLES).collect()
    return [read.filter(pl.col("resource_id") == f"honest-{n}").height for n in range(4)]


def _strange() -> dict[str, tuple[pl.DataFrame, bytes, dict[str, object]]]:
    given = frame("evil")
    words = given.with_columns(gpu_power_w=pl.lit("much"))
    return {
        "an end mark inside": (given, cut_off(given), {}),
        "more rows than it has": (given, streaming(given), {"rows": 9}),
        "no stream": (given, b"nothing", {}),
        "words for numbers": (words, streaming(words), {}),
        "no key": (given, streaming(given.drop("resource_id")), {}),
        "long, and of words": (words, parquet(words), {"format": "parquet"}),
        "long, and fewer rows": (given, parquet(given), {"format": "parquet", "rows": 9_000}),
        "long, and no Parquet": (given, b"PAR1 and nothing", {"format": "parquet"}),
    }


@pytest.mark.parametrize("case", _strange())
@pytest.mark.parametrize("order", [1, 10**19])
def test_it_costs_nobody_else_a_row(tmp_path: Path, case: str, order: int) -> None:
    """Read first or last: reports, compaction and SQL have all honest rows; it goes to quarantine, with its reason."""
    given, data, told = _strange()[case]
    lake, key = lake_with(tmp_path, given, data, order=order, **told)
    snapshot = lake.snapshot()
    assert honest(lake) == honest(lake, proven=False) == [4] * 4
    assert snapshot.scan(SAMPLES).collect().height == 16
    assert {name: one.reason for name, one in snapshot.damage(NOW - timedelta(hours=1), NOW).items()} == {
        key: UNREADABLE
    }
    assert ask(lake.snapshot(), "select count(*) from samples", Bounds()).rows == [(16,)]
    assert list(lake.verify(now=NOW).damaged) == [key]
    done = lake.compact(now=NOW, grace_s=0)
    assert (done.segments, done.rows, list(done.set_aside)) == (4, 16, [key])
    assert (tmp_path / "quarantine" / key).read_bytes() == data
    lake.compact(now=NOW + timedelta(hours=1), grace_s=0)
    assert honest(lake) == [4] * 4


@pytest.mark.parametrize("order", [2**63, 10**20 - 1, int((NOW + timedelta(days=40_000)).timestamp()) * 10**9])
@pytest.mark.parametrize("form", ["arrows", "parquet"])
def test_an_order_ahead_of_the_clock_stops_nothing_and_never_wins(tmp_path: Path, order: int, form: str) -> None:
    """It counts as written before all others, in every reader and in what is compacted."""
    given = frame("shared", watts=666.0)
    data = streaming(given) if form == "arrows" else parquet(given)
    lake, _ = lake_with(tmp_path, given, data, order=order, format=form)
    before = lake.snapshot().generation
    lake.append(SAMPLES, rows("shared", watts=150.0), collector="h")
    assert lake.snapshot().generation != before, "caches see that rows have come"
    told = "select distinct gpu_power_w from samples where resource_id = 'shared'"
    for _ in range(2):
        read = lake.snapshot().scan(SAMPLES, resource_ids=["shared"], columns=["gpu_power_w"]).collect()
        assert read["gpu_power_w"].to_list() == [150.0] * 4
        assert ask(lake.snapshot(), told, Bounds()).rows == [(150.0,)]
        lake.compact(now=NOW)


def test_a_merge_that_would_drop_rows_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer rows than the day had: the old day stays, and the line says so."""
    lake = Lake(tmp_path)
    lake.append(SAMPLES, rows("a", 50), collector="h")
    lake.compact(now=NOW)
    lake.append(SAMPLES, rows("b", 2), collector="h")
    real: Any = day_files.publish_day

    def losing(*given: Any, **more: Any) -> Any:  # noqa: ANN401 - as it is given
        *rest, parts = given
        return real(*rest, (part.head(3) for part in parts), **more)

    monkeypatch.setattr(day_files, "publish_day", losing)
    with pytest.raises(LakeError, match=r"3 rows came of a merge that has to give 50 to 52; nothing was changed"):
        lake.compact(now=NOW)
    monkeypatch.undo()
    assert lake.snapshot().scan(SAMPLES).collect().height == 52
    lake.compact(now=NOW)
    assert lake.snapshot().scan(SAMPLES).collect().height == 52


def test_a_rollup_of_other_rows_than_the_day_has_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would outlive its readings; the other days are rolled up."""
    lake = Lake(tmp_path)
    for days in (1, 2):
        lake.append(SAMPLES, rows("a", 30, at=NOW - timedelta(days=days)), collector="h")
    lake.compact(now=NOW)
    real = rollup_days.roll

    def counted(snapshot: Snapshot, day: str, file: DayFile) -> dict[str, FrameBuffer]:
        more = file.rows + 1 if day == _day(2) else file.rows
        return real(snapshot, day, msgspec.structs.replace(file, rows=more))

    monkeypatch.setattr(rollup_days, "roll", counted)
    with pytest.raises(LakeError, match=r"30 of 31 rows were read; it is not rolled up"):
        lake.roll_up(now=NOW)
    assert [name[:10] for name in lake.snapshot().partitions("hours")] == [_day(1)]
    monkeypatch.undo()
    assert lake.roll_up(now=NOW) == 1


def _day(before: int) -> str:
    at: datetime = NOW - timedelta(days=before)
    return at.date().isoformat()
