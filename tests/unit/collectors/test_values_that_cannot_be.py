"""A value that cannot be is refused alone, before any sum, and told; nothing beside it is lost."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plimsoll.collectors.contract import Reading, Row, collection_row
from plimsoll.collectors.session import Collecting
from plimsoll.errors import DiskError, RowsRefused
from plimsoll.lake import Lake
from plimsoll.lake.sql import Bounds, ask
from plimsoll.metrics import CATALOGUE, Metric
from plimsoll.plausibility import judged, parted
from plimsoll.project import Project, builtin_root
from plimsoll.tables import COLLECTIONS, RESOURCES, SAMPLES, Table

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)


def row(device: str = "gpu0", **values: Any) -> Row:  # noqa: ANN401 - whatever a source gives
    """A reading of one device."""
    return {"ts": NOON, "resource_id": "here", "device": device, "source": "nvml", **values}


class Source:
    """A source that reads what it is given; a step that is an error is raised."""

    def __init__(self, name: str, *steps: list[Row] | Exception) -> None:
        self.name, self._steps = name, list(steps)

    def read(self, now: datetime, monotonic: float) -> Reading:
        """The next step, stamped with this instant."""
        del monotonic
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        rows = [{**one, "ts": now, "source": self.name} for one in step]
        done = collection_row(now, source=self.name, target="here", ok=True, duration_s=0.1, rows=len(rows))
        return Reading(rows, [done])

    def close(self) -> None:
        """Nothing is open."""


def collecting(**sources: Source) -> Collecting:
    """Collecting from these sources alone."""
    return Collecting(Project(builtin_root(), builtin_root()).config(), readers=sources)


def asked(lake: Lake, statement: str) -> list[tuple[Any, ...]]:
    """Rows of the lake."""
    return ask(lake.snapshot(), statement, Bounds()).rows


def test_one_impossible_temperature_costs_that_value_only(tmp_path: Path) -> None:
    """Before, during and after, each other reading of every source is kept; `collections` names what was refused."""
    good = [row(gpu_temperature_c=50.0, gpu_power_w=300.0)]
    bad = [row(gpu_temperature_c=4294967295, gpu_power_w=301.0)]
    disks = [row("sda", disk_busy_pct=7.0)]
    lake = Lake(tmp_path / "lake")
    both = collecting(nvml=Source("nvml", good, bad, good), host=Source("host", disks, disks, disks))
    for second in range(3):
        both.round(NOON + timedelta(seconds=second), float(second))
        both.flush(lake)
    assert asked(lake, "select gpu_temperature_c, gpu_power_w from samples where source = 'nvml' order by ts") == [
        (50.0, 300.0),
        (None, 301.0),
        (50.0, 300.0),
    ]
    assert asked(lake, "select count(*) from samples where disk_busy_pct = 7") == [(3,)]
    (said,) = asked(lake, "select ts, ok, reason from collections where reason is not null")
    assert said[1:] == (True, "refused: here/gpu0: gpu_temperature_c 4294967295 cannot be (-50 to 150)")


@pytest.mark.parametrize(
    "error", [RuntimeError("driver"), ZeroDivisionError(), AttributeError("x"), IndexError(), OverflowError()]
)
def test_whatever_a_source_raises_costs_its_own_rows(tmp_path: Path, error: Exception) -> None:
    """A failed attempt with its reason, and the other sources' rows."""
    lake = Lake(tmp_path / "lake")
    both = collecting(a=Source("a", error), b=Source("b", [row("sda", disk_busy_pct=7.0)]))
    both.round(NOON, 0.0)
    both.flush(lake)
    assert asked(lake, "select source from samples") == [("b",)]
    assert asked(lake, "select source, ok from collections order by 1") == [("a", False), ("b", True)]


class Narrow(Lake):
    """A lake whose table takes less than the judge lets through: the last wall."""

    def append(self, table: Table, rows: Any, *, collector: str) -> str:  # noqa: ANN401 - as the lake's own
        """Refuses a row that names the device `poison`."""
        listed = list(rows)
        if table is SAMPLES and any(one.get("device") == "poison" for one in listed):
            raise RowsRefused("poison")
        return super().append(table, listed, collector=collector)


def test_rows_in_the_buffer_are_kept_although_one_among_them_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of a flush that failed once are not lost with the one that the table does not take."""
    lake = Narrow(tmp_path / "lake")
    original = Table.frame

    def frame(self: Table, rows: Any) -> Any:  # noqa: ANN401
        listed = list(rows)
        if self is SAMPLES and any(one.get("device") == "poison" for one in listed):
            raise RowsRefused("poison")
        return original(self, listed)

    monkeypatch.setattr(Table, "frame", frame)
    steps = [[row(f"gpu{n}", gpu_power_w=100.0 + n)] for n in range(6)]
    one = collecting(s=Source("s", *steps, [row("poison", gpu_power_w=1.0)]))
    for second in range(7):
        one.round(NOON + timedelta(seconds=second), float(second))
    one.flush(lake)
    one.flush(lake)
    assert asked(lake, "select count(*) from samples") == [(6,)]
    assert asked(lake, "select target, ok, reason from collections where not ok") == [("here/poison", False, "poison")]


def test_rows_stay_in_the_buffer_while_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is another thing than a row that cannot be: nothing is thrown away."""
    lake = Lake(tmp_path / "lake")
    one = collecting(s=Source("s", [row(gpu_power_w=100.0)]))
    one.round(NOON, 0.0)

    def full(*_: object, **__: object) -> str:
        raise DiskError("full")

    with monkeypatch.context() as patched:
        patched.setattr(lake, "append", full)
        with pytest.raises(DiskError):
            one.flush(lake)
    one.flush(lake)
    assert asked(lake, "select gpu_power_w from samples") == [(100.0,)]


def test_a_sum_without_one_of_its_parts_is_unknown_a_mean_is_not_touched() -> None:
    """300 W and -5 W are not 295 W, and not 300 W either."""
    rows = [
        row("", gpu_power_w=295.0, gpu_utilization_pct=40.0),
        row("gpu0", gpu_power_w=300.0, gpu_utilization_pct=40.0),
        row("gpu1", gpu_power_w=-5.0, gpu_utilization_pct=40.0),
    ]
    refused = judged(SAMPLES, rows)
    assert [(one.device, one.column) for one in refused] == [("gpu1", "gpu_power_w")]
    assert [one["gpu_power_w"] for one in rows] == [None, 300.0, None]
    assert [one["gpu_utilization_pct"] for one in rows] == [40.0, 40.0, 40.0]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"gpu_power_w": 700.0, "gpu_power_limit_w": 400.0}, True),  # a short peak over the limit
        ({"gpu_power_w": 801.0, "gpu_power_limit_w": 400.0}, False),
        ({"gpu_power_w": 1_990.0}, True),
        ({"gpu_power_w": 2_001.0}, False),
        ({"gpu_power_w": 4_294_967.295}, False),
        ({"gpu_sm_clock_mhz": 4_294_967_295}, False),
        ({"gpu_memory_clock_mhz": 14_001}, True),
        ({"gpu_temperature_c": 255}, False),
        ({"gpu_temperature_c": -40}, True),
        ({"gpu_utilization_pct": 100.5}, False),
        ({"gpu_memory_used_bytes": 2.0**64 - 1}, False),
        ({"gpu_memory_used_bytes": 4_294_967_295}, True),
        ({"gpu_nvlink_bytes_per_s": 3.6e12}, True),
        ({"gpu_xid_code": 2.0**32}, False),
        ({"gpu_energy_j": 9.2e15}, False),
        ({"queue_depth_count": "many"}, False),
        ({"queue_depth_count": 10**400}, False),
        ({"up_pct": True}, False),
    ],
)
def test_bounds_are_those_of_one_device(values: dict[str, Any], *, kept: bool) -> None:
    """Each metric's stand in the catalogue; the card's own limit says more than the catalogue."""
    rows = [row("gpu0", **values)]
    refused = judged(SAMPLES, rows)
    assert (refused == []) is kept
    assert (rows[0][next(iter(values))] is not None) is kept


def test_a_resource_of_many_devices_may_have_what_one_cannot() -> None:
    """What adds up has another bound as a whole; a temperature has not."""
    assert judged(SAMPLES, [row("", gpu_power_w=5_600.0, network_receive_bits_per_s=1e14)]) == []
    assert len(judged(SAMPLES, [row("", gpu_temperature_c=300.0)])) == 1


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_every_metric_has_bounds_and_the_table_takes_what_the_judge_lets_through(metric: Metric) -> None:
    """On both sides; just inside is kept, just outside is refused, and the lake's own wall is never met."""
    assert metric.low is not None
    assert metric.high is not None
    for device, high in (("d", metric.high), ("", metric.most)):
        assert high is not None
        edges = [metric.low, high, math.nextafter(metric.low, -math.inf) - 1e-3, high * 1.01 + 1e-3]
        rows = [{**row(device), "ts": NOON + timedelta(n), metric.name: edge} for n, edge in enumerate(edges)]
        assert len(judged(SAMPLES, rows)) == 2
        assert SAMPLES.frame(rows).height == 4


def test_what_is_no_row_is_taken_out_and_named() -> None:
    """Without a device, of a year that cannot be stored, with a column that is none, with bytes that are no text."""
    lacking = {name: value for name, value in row(gpu_power_w=1.0).items() if name != "device"}
    rows = [
        lacking,
        {**row(gpu_power_w=1.0), "ts": datetime(9999, 1, 1, tzinfo=UTC)},
        {**row(gpu_power_w=1.0), "gpu_hair": 3.0},
        row("disk\udcff", storage_used_bytes=1.0),
        row("gpu1", gpu_power_w=math.nan),
    ]
    refused = judged(SAMPLES, rows)
    assert [(one.column, one.why.split(" (")[0]) for one in refused] == [
        ("", "has no device"),
        ("", "has a time that cannot be"),
        ("gpu_hair", "is not a column of the catalogue"),
    ]
    assert [one["device"] for one in SAMPLES.frame(rows).to_dicts()] == ["gpu0", "disk?", "gpu1"]
    facts: list[Row] = [
        {"ts": NOON, "resource_id": "a", "source": "s", "name": "a", "type": "cluster", "gpu_count": -1}
    ]
    assert len(judged(RESOURCES, facts)) == 1
    assert facts[0]["gpu_count"] is None
    assert judged(COLLECTIONS, [collection_row(NOON, source="s", target="t", ok=True, duration_s=0, rows=0)]) == []


def test_halving_finds_every_row_that_a_table_does_not_take() -> None:
    """And keeps all the others, in order."""
    rows = [row(f"gpu{n}", gpu_power_w=-1.0 if n in (0, 5, 6, 12) else float(n)) for n in range(13)]
    good, bad = parted(SAMPLES, rows)
    assert [one["device"] for one, _ in bad] == ["gpu0", "gpu5", "gpu6", "gpu12"]
    assert [one["device"] for one in good] == [f"gpu{n}" for n in range(13) if n not in (0, 5, 6, 12)]


def test_a_row_without_a_value_is_no_reading(tmp_path: Path) -> None:
    """A host whose every sensor says nothing is not read: it must be seen to be silent, not counted as arrived."""
    nothing = row(gpu_temperature_c=None, gpu_power_w=math.nan)
    source = Source("nvml", [nothing, row(gpu_power_w=0.0)], [nothing])
    lake, session = Lake(tmp_path), collecting(nvml=source)
    for minute in (0, 1):
        session.round(NOON + timedelta(minutes=minute), 60.0 * minute)
    session.flush(lake)
    assert asked(lake, "select gpu_power_w from samples where source = 'nvml'") == [(0.0,)]
    assert asked(lake, "select count(*) from collections where source = 'nvml'") == [(2,)]
