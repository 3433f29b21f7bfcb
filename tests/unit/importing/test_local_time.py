"""Local times at the change of the clock, and the account of a file's rows: each is read right or refused by name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.importing.mapping import FileMapping
from plimsoll.importing.run import Imported, import_file
from plimsoll.lake import Lake
from plimsoll.tables import SAMPLES

NOW = datetime(2027, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Lisbon", "America/Chicago", "Australia/Lord_Howe", "Asia/Tokyo")
CPU = {"metric": "cpu_utilization_pct", "unit": "pct"}
WIDE: dict[str, object] = {
    "time": {"column": "at", "zone": "Europe/Lisbon"},
    "resource": {"column": "host"},
    "values": {"cpu": CPU},
}


def bring(root: Path, lines: list[str], tree: dict[str, object]) -> tuple[Imported, list[tuple[object, ...]]]:
    """What came of a file, and the readings in the order of time."""
    path = root / "local.csv"
    path.write_text("\n".join(lines) + "\n")
    lake = Lake(root / "lake")
    done = import_file(lake, path, FileMapping.model_validate(tree), now=NOW, most_refused=1000)
    accounted = done.new + done.known + done.refused + done.empty + done.repeated + done.unmapped
    assert accounted == done.rows
    columns = ["resource_id", "ts", "cpu_utilization_pct"]
    return done, lake.snapshot().scan(SAMPLES).sort("resource_id", "ts").select(columns).collect().rows()


@pytest.mark.parametrize("falling", [False, True], ids=["oldest first", "newest first"])
def test_the_hour_that_comes_twice_is_read_twice(tmp_path: Path, *, falling: bool) -> None:
    """Two hosts, their rows mixed: each goes through the night in its own order."""
    first = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    instants = [first + timedelta(minutes=20 * n) for n in range(10)]
    lines = [
        f"{at.astimezone(ZoneInfo('Europe/Lisbon')):%Y-%m-%d %H:%M:%S},{host},{n}"
        for n, at in enumerate(instants)
        for host in ("a", "b")
    ]
    done, rows = bring(tmp_path, ["at,host,cpu", *(reversed(lines) if falling else lines)], WIDE)
    assert (done.new, done.refused) == (20, 0)
    assert rows == [(host, at, float(n)) for host in ("a", "b") for n, at in enumerate(instants)]


@pytest.mark.parametrize(
    "hours",
    [["01:10", "01:40"], ["01:10", "01:40", "01:20", "01:50", "01:30"], ["01:00"]],
    ids=["only one of two", "in no order", "alone"],
)
def test_where_the_order_does_not_tell_the_row_is_refused_by_name(tmp_path: Path, hours: list[str]) -> None:
    """Never an hour too early without a word; the rows around that hour are kept."""
    lines = ["at,host,cpu", "2026-10-25 00:30:00,a,1", *(f"2026-10-25 {hour}:00,a,2" for hour in hours)]
    done, rows = bring(tmp_path, [*lines, "2026-10-25 02:30:00,a,3"], WIDE)
    assert [row[1] for row in rows] == [
        datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
    ]
    assert done.refused == len(hours)
    assert all("came twice that night" in why for _, why in done.reasons)


def test_a_time_that_never_was_is_refused_by_name(tmp_path: Path) -> None:
    """In spring an hour is missing."""
    done, rows = bring(tmp_path, ["at,host,cpu", "2026-03-29 01:30:00,a,1", "2026-03-29 02:30:00,a,2"], WIDE)
    assert (done.new, done.refused, len(rows)) == (1, 1, 1)
    assert 'time "2026-03-29 01:30:00"' in done.reasons[0][1]


@settings(max_examples=15, deadline=None)
@given(zone=st.sampled_from(ZONES), day=st.integers(0, 364), minutes=st.sampled_from([5, 15, 30, 60]))
def test_every_regular_file_comes_back_as_it_was_in_every_zone(
    tmp_path_factory: pytest.TempPathFactory, zone: str, day: int, minutes: int
) -> None:
    """Two days of steps of at most an hour, whatever the clocks do: every instant is read, and right."""
    first = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    instants = [first + timedelta(minutes=minutes * n) for n in range(2 * 24 * 60 // minutes)]
    lines = [f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S},a,5" for at in instants]
    tree = {**WIDE, "time": {"column": "at", "zone": zone}}
    done, rows = bring(tmp_path_factory.mktemp("zone"), ["at,host,cpu", *lines], tree)
    read = [row[1] for row in rows]
    assert set(read) <= set(instants)
    assert len(read) + done.refused == len(instants)
    # half an hour that comes twice is one reading of an hourly file: nothing tells which
    assert done.refused <= (1 if zone == "Australia/Lord_Howe" and minutes >= 30 else 0)


def test_every_row_of_a_tidy_file_is_accounted_for(tmp_path: Path) -> None:
    """New, empty, repeated, of a name that is not mapped, refused; the second time what was new is known."""
    lines = [
        "at,host,name,value",
        "2026-01-05T10:00:00Z,a,cpu,1",
        "2026-01-05T10:00:00Z,a,cpu,2",
        "2026-01-05T10:01:00Z,a,cpu,",
        "2026-01-05T10:02:00Z,a,fan,2",
        "yesterday,a,cpu,2",
        "yesterday,a,fan,2",
        "2026-01-05T10:03:00Z,a,cpu,120",
    ]
    tree: dict[str, object] = {
        "time": {"column": "at"}, "resource": {"column": "host"}, "name_column": "name", "names": {"cpu": CPU},
    }  # fmt: skip
    done, rows = bring(tmp_path, lines, tree)
    assert (done.new, done.empty, done.repeated, done.unmapped, done.refused) == (1, 1, 1, 2, 2)
    assert [row[2] for row in rows] == [2.0]
    again, _ = bring(tmp_path, lines, tree)
    assert (again.new, again.known) == (0, 1)


def test_a_whole_host_may_draw_what_one_card_cannot(tmp_path: Path) -> None:
    """The bounds of the catalogue are those of one device; a resource without devices is a sum of some."""
    lines = ["at,host,gpu,w", "2026-01-05T10:00:00Z,a,,5600", "2026-01-05T10:00:00Z,a,gpu0,5600"]
    power = {"metric": "gpu_power_w", "unit": "w"}
    resource = {"column": "host", "device_column": "gpu"}
    done, _ = bring(tmp_path, lines, {"time": {"column": "at"}, "resource": resource, "values": {"w": power}})
    assert (done.new, done.reasons) == (1, [(2, 'w "5600" is above 2000.0 w of one device')])
