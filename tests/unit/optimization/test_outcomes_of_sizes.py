"""What came of advice on size: the inventory says how much smaller, the readings whether it was enough."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from plimsoll.analysis.advice.size_outcomes import realized_size, shrunk_at
from plimsoll.analysis.robust import Floats
from plimsoll.ledger.outcomes import AdvicePromise
from plimsoll.queries.outcomes import describe_outcome, settle, units_by_step
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES
from tests.fleets import UNTIL
from tests.reports import lake_of, sources_of

DAY = 288
CHANGED = 2 * DAY


def size(before: float, after: float) -> Floats:
    """Two days of one size and two of another."""
    return np.where(np.arange(4 * DAY) < CHANGED, before, after)


def use(before: float, after: float, seed: int = 1) -> Floats:
    """Percent of the units in use, a little noise."""
    return size(before, after) + np.random.default_rng(seed).normal(0, 0.5, 4 * DAY)


def equals(growth: float = 1.0) -> list[Floats]:
    """Five others that keep their size."""
    return [use(50, 50 * growth, seed) for seed in range(2, 7)]


def test_fewer_units_that_were_enough_keep_the_promise() -> None:
    """From eight to five, 30 % used before and 48 % after: the same work."""
    found = realized_size(size(8, 5), use(30, 48), equals(), changed=CHANGED, step_s=300, promised=(37.5, 50))
    assert (found.state, found.value, found.peers) == ("kept", 37.5, 5)
    less = realized_size(size(8, 7), use(30, 34.3), equals(), changed=CHANGED, step_s=300, promised=(37.5, 50))
    assert (less.state, less.value) == ("fell short", 12.5)


def test_fewer_units_that_were_full_fell_short() -> None:
    """The same work on two of eight leaves no room, and no equal had more to do."""
    found = realized_size(size(8, 2), use(30, 99.8), equals(), changed=CHANGED, step_s=300, promised=(75, 75))
    assert (found.state, found.why[:22]) == ("fell short", "what was left was full")


def test_where_the_load_moved_without_equals_nothing_can_be_told() -> None:
    """A third less to do: that five are enough says nothing of how it was; with equals beside it, it does."""
    asked = (size(8, 5), use(30, 32))
    alone = realized_size(*asked, [], changed=CHANGED, step_s=300, promised=(37.5, 50))
    assert (alone.state, alone.value) == ("cannot tell", None)
    assert "no equals" in alone.why
    assert realized_size(*asked, equals(), changed=CHANGED, step_s=300, promised=(37.5, 50)).state == "kept"


def test_growth_in_common_is_not_held_against_the_advice() -> None:
    """It is full because everybody has half as much again to do."""
    found = realized_size(size(8, 5), use(42, 100), equals(1.5), changed=CHANGED, step_s=300, promised=(37.5, 50))
    assert found.state == "cannot tell"
    assert "all have more to do" in found.why


def test_a_size_by_the_clock_is_judged_by_whole_days() -> None:
    """Eight by day and four by night for ten hours: 21 % fewer replica-hours; half a day says nothing."""
    night = np.arange(4 * DAY) % DAY < 120
    units = np.where(night & (np.arange(4 * DAY) >= CHANGED), 4.0, 8.0)
    found = realized_size(units, use(40, 40), equals(), changed=CHANGED, step_s=300, promised=(18, 25), daily=True)
    assert (found.state, round(found.value or 0, 1)) == ("kept", 20.8)
    half = realized_size(units[: CHANGED + 144], None, [], changed=CHANGED, step_s=300, promised=(18, 25), daily=True)
    assert half.state == "cannot tell"


def test_the_step_is_where_it_became_smaller() -> None:
    """Larger is no step, and neither is what it did every day before."""
    assert shrunk_at(size(8, 5), DAY, 300) == CHANGED
    assert shrunk_at(size(8, 9), DAY, 300) is None
    nightly = np.where(np.arange(4 * DAY) % DAY < 96, 4.0, 8.0)
    assert shrunk_at(nightly, DAY + 150, 300) is None


@pytest.mark.parametrize(
    ("adviser", "kind", "change", "realized"),
    [("right_size", "training", {"gpu_count": 5.0}, 37.5), ("release", "cluster", {"interval_s": None}, 100.0)],
)
def test_the_inventory_tells_that_it_was_done(
    tmp_path: Path, adviser: str, kind: str, change: dict[str, float | None], realized: float
) -> None:
    """A job that goes from eight GPUs to five, and a machine that is given back; too soon nothing is settled."""
    fleet = Fleet.build(resources=24, days=5, until=UNTIL, interval_s=300, devices=False, incidents=[])
    name = next(m.resource_id for m in fleet.members if m.type == kind and m.gpu_count == 8)
    lake, at = lake_of(fleet, tmp_path / "lake"), UNTIL - timedelta(days=1)
    row = next(one for one in fleet.resources() if one["resource_id"] == name)
    lake.append(RESOURCES, [{**row, **change, "ts": at}], collector="simulator")
    sources = sources_of(lake)
    promise = AdvicePromise(id="advice-1", resource=name, adviser=adviser, made=at - timedelta(days=1), cause_s=0.0,
                   low=realized, high=realized, title="Run it on less")  # fmt: skip
    units = units_by_step(sources, name, UNTIL - timedelta(days=2), UNTIL)
    assert (units[0], units[DAY - 1], units[DAY]) == (8.0, 8.0, 5.0 if adviser == "right_size" else 0.0)
    (settled,) = settle(sources, [promise])
    assert (settled.state, settled.value, settled.changed) == ("kept", realized, at)
    assert describe_outcome(settled).startswith(
        f"Run it on less: promised {realized:.0f} %, realized {realized:.0f} % (against "
    )
    assert settle(replace(sources, as_of=at + timedelta(hours=2)), [promise]) == []
