"""The simulator: deterministic, physically sensible, and its incidents are where the truth says."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from plimsoll.simulator import Fleet, Incident
from plimsoll.simulator.all_faults import everything, strained
from plimsoll.simulator.incidents import FAULTS, KINDS, TWINS
from plimsoll.tables import RESOURCES, SAMPLES

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
DAY = date(2026, 1, 15)
WHOLE = pl.col("device") == ""


def fleet(resources: int = 24, **changes: object) -> Fleet:
    """A small fleet with five-minute readings."""
    return Fleet.build(resources=resources, days=10, until=UNTIL, interval_s=300, **changes)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_the_same_seed_gives_the_same_day_whatever_was_asked_for_before() -> None:
    """Days are independent of order and of each other."""
    first, second = fleet(), fleet()
    second.day(DAY - timedelta(days=3))
    assert first.day(DAY).equals(second.day(DAY))
    assert first.truth() == second.truth()
    assert not first.day(DAY).equals(fleet(seed=2).day(DAY))


def test_rows_are_those_of_the_tables_and_end_with_history() -> None:
    """Checked at the door, sorted, and nothing at or after `until`."""
    built = fleet()
    last = built.day(UNTIL.date())
    assert RESOURCES.frame(built.resources()).height == 24
    assert last["ts"].max() == UNTIL - timedelta(minutes=5)
    assert last.select(SAMPLES.sort).rows() == sorted(last.select(SAMPLES.sort).rows())


def test_a_fleet_may_be_written_in_parts() -> None:
    """A few members at a time, the same readings: a fleet need not fit into memory."""
    parts = list(fleet().parts(DAY, members=7))
    assert len(parts) == 4
    assert (
        pl.concat(parts, how="diagonal")
        .select(SAMPLES.names)
        .sort(SAMPLES.sort)
        .equals(fleet().day(DAY).select(SAMPLES.names))
    )


def test_a_larger_fleet_holds_the_smaller_one() -> None:
    """Members keep their names, regions and capacities."""
    small, large = fleet(5), fleet(200)
    assert large.resources()[:5] == small.resources()
    assert len({r["resource_id"] for r in large.resources()}) == 200
    assert {r["region"] for r in large.resources()} == {"us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1"}


def test_every_type_is_there_and_busy_in_its_own_way() -> None:
    """Latency rises with load; power goes with utilization."""
    built = fleet(incidents=())
    assert {m.type for m in built.members} == {"cluster", "endpoint", "training", "ai-service", "storage", "network"}
    frame = built.day(DAY).filter(WHOLE)
    corr = frame.filter(pl.col("resource_id") == "code-34b-01").select(
        pl.corr("throughput_per_s", "response_time_ms").alias("latency"),
        pl.corr("gpu_utilization_pct", "gpu_power_w").alias("power"),
    )
    assert corr["latency"][0] > 0.9
    assert corr["power"][0] > 0.99


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_shows_in_the_metrics_it_names_and_only_while_it_lasts(kind: str) -> None:
    """Against the same fleet without it."""
    calm = fleet(incidents=(), detailed=True)
    start, end = datetime(2026, 1, 15, 6, tzinfo=UTC), datetime(2026, 1, 15, 10, tzinfo=UTC)
    member = next(m for m in calm.members if m.type in KINDS[kind].types)
    device = "gpu2" if kind in ("straggler_gpu", "dead_allocation", "like dead_allocation") else ""
    incident = Incident(kind=kind, resource_id=member.resource_id, start=start, end=end, device=device)
    hit = fleet(incidents=(incident,), detailed=True).day(DAY)
    where = (pl.col("resource_id") == member.resource_id) & (pl.col("device") == device)
    during = (pl.col("ts") >= start) & (pl.col("ts") < end)
    before = calm.day(DAY)
    assert hit.filter(where, ~during).equals(before.filter(where, ~during))
    if "silent_source" in kind:
        lost = 1 - hit.filter(where, during).height / before.filter(where, during).height
        assert lost == 1 if kind == "silent_source" else 0 < lost < 0.15
        return
    both = pl.concat([hit, before]).filter(where)
    names = [n for n in KINDS[kind].metrics if both[n].null_count() < both.height]
    assert names
    for name in names:
        assert hit.filter(where, during)[name].to_list() != before.filter(where, during)[name].to_list()


def test_every_fault_has_its_innocent_twin_and_both_are_planted_once() -> None:
    """Each on a member of its own, none on one that is not healthy by its own rhythm."""
    built = everything(resources=144, days=16, seed=3, until=UNTIL, interval_s=300)
    assert set(TWINS) == set(FAULTS)
    assert sorted(incident.kind for incident in built.incidents) == sorted(KINDS)
    hit = {incident.resource_id for incident in built.incidents}
    assert len(hit) == len(KINDS)
    assert not hit & strained(built)


def test_no_member_has_two_incidents_and_the_last_day_has_its_story() -> None:
    """So that each finding has one cause, and the demo's report has something to say."""
    built = Fleet.build(resources=48, days=30, until=UNTIL)
    names = [i.resource_id for i in built.incidents]
    assert len(names) == len(set(names))
    last_day = {i.kind for i in built.incidents if i.end > UNTIL - timedelta(hours=12)}
    assert {"filling_volume", "saturated_queue", "traffic_spike", "silent_source", "straggler_gpu"} <= last_day
