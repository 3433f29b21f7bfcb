"""Choices: each recomputed with the pool's own forecast, dominated ones hidden."""

from datetime import date

from plimsoll.analysis.capacity.choices import Measured, choices_for
from plimsoll.analysis.capacity.pools import DEMANDS, PoolPlan
from plimsoll.documents.capacity import Choice
from tests.capacities import SETTINGS, straight

TODAY = date(2026, 1, 16)
GPUS, _, _, SPACE = DEMANDS


def pool(
    name: str, *, now: float, growth: float, capacity: float = 64.0, price: float | None = 3000.0, space: bool = False
) -> Measured:
    """A pool that grows by `growth` points a day towards its line at 90 %."""
    ahead = straight(now=now, growth=growth, spread=1)
    plan = PoolPlan(
        id=name,
        name=name,
        demand=SPACE if space else GPUS,
        keys={"type": None, "region": None, "gpu_model": None, "group": None},
        capacities={name: capacity},
        line_pct=90.0,
        usd_per_unit_month=price,
    )
    return Measured(plan, ahead, ahead, capacity, 1.0, 90.0)


def choices(asked: Measured, *others: Measured, reclaimable: float = 0.0) -> dict[str, Choice]:
    """What can be done, by action."""
    listed, _ = choices_for(asked, [asked, *others], SETTINGS, reclaimable=reclaimable, today=TODAY)
    return {choice.action: choice for choice in listed}


def test_doing_nothing_is_always_shown_and_never_advised() -> None:
    """The first choice is what happens by itself."""
    nothing = choices(pool("a", now=80, growth=0.5))["nothing"]
    assert (nothing.id, nothing.room_until, nothing.recommended) == ("A", "2026-02-05", False)
    assert nothing.cost_usd_per_month == 0


def test_enough_is_added_to_hold_the_line_to_the_end() -> None:
    """64 GPUs, 110 % in sixty days: 79 are needed under a line of 90 %, so 16 more in steps of eight."""
    add = choices(pool("a", now=80, growth=0.5))["add"]
    assert (add.units, add.room_until, add.cost_usd_per_month) == (16, None, 48_000)
    assert add.recommended


def test_a_cap_wins_time_and_costs_nothing() -> None:
    """A tenth less demand: the line is reached on day 41 instead of 20."""
    cap = choices(pool("a", now=80, growth=0.5))["cap"]
    assert (cap.room_until, cap.cost_usd_per_month) == ("2026-02-25", 0)


def test_work_moves_where_there_is_room_on_the_worst_day() -> None:
    """The pool with the most room under its own line takes what is over ours."""
    move = choices(
        pool("a", now=80, growth=0.5), pool("full", now=85, growth=0), pool("calm", now=40, growth=0, price=1000.0)
    )["move"]
    assert (move.to_pool, move.room_until) == ("calm", None)
    assert move.cost_usd_per_month == move.units * -2000


def test_a_pool_without_room_takes_nothing() -> None:
    """There is no choice to move work into trouble."""
    assert "move" not in choices(pool("a", now=80, growth=0.5), pool("full", now=89, growth=0))


def test_space_does_not_move() -> None:
    """Bytes stay on their volume."""
    listed = choices(pool("v", now=80, growth=0.5, space=True), pool("w", now=10, growth=0, space=True))
    assert "move" not in listed


def test_idle_gpus_are_taken_back_first_when_that_is_enough() -> None:
    """Twenty idle GPUs cost nothing and hold the line: buying and capping are dominated and hidden."""
    asked = pool("a", now=80, growth=0.5)
    listed, hidden = choices_for(asked, [asked], SETTINGS, reclaimable=20, today=TODAY)
    assert [choice.action for choice in listed] == ["nothing", "reclaim"]
    assert hidden == 2
    assert listed[1].recommended


def test_a_cost_that_is_not_known_is_not_zero() -> None:
    """Without a price the cost is unknown, and the choice is not hidden behind one whose cost is known."""
    add = choices(pool("a", now=80, growth=0.5, price=None))["add"]
    assert add.cost_usd_per_month is None


def test_what_arrives_too_late_says_until_when_the_line_is_crossed() -> None:
    """Crossing in two days, delivery in fourteen: over the line until the delivery."""
    add = choices(pool("a", now=89.2, growth=0.5))["add"]
    assert add.risk == "Over the line until 30 Jan"
    assert add.effective == "2026-01-30"
