"""Counters to rates: no invented number at the first reading, after a reset, a gap, or a step back."""

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.collectors.rates import Rates


def test_the_first_reading_has_no_rate_and_the_second_has() -> None:
    """There is nothing to compare the first with."""
    rates = Rates(30)
    assert rates.delta("a", 5, at_s=0) is None
    delta = rates.delta("a", 65, at_s=30)
    assert delta is not None
    assert (delta.amount, delta.per_s, delta.partial) == (60, 2.0, False)


def test_a_reset_counts_from_zero_and_is_marked_partial() -> None:
    """What came before the reset is lost, and said to be."""
    rates = Rates(30)
    rates.delta("a", 1_000, at_s=0)
    delta = rates.delta("a", 30, at_s=30)
    assert delta is not None
    assert (delta.amount, delta.partial) == (30, True)


def test_a_restart_that_passes_the_old_value_is_still_a_reset() -> None:
    """F40: the boot time tells what the counter cannot."""
    rates = Rates(30)
    rates.delta("a", 10, at_s=0, epoch=1_750_000_000)
    delta = rates.delta("a", 90, at_s=30, epoch=1_750_000_100)
    assert delta is not None
    assert (delta.amount, delta.partial) == (90, True)


def test_a_boot_time_that_is_slewed_with_the_clock_is_no_restart() -> None:
    """It moves by a second here and there (NTP, clocks of virtual machines): every interval has its right rate."""
    rates = Rates(30)
    told = [
        rates.delta("bytes", 4e13 + 1_500 * n, at_s=30.0 * n, epoch=1_750_000_000 + slewed)
        for n, slewed in enumerate([0, 0, 1, 0, 1, 2, 4, 5])
    ]
    assert told[0] is None
    assert [(one.per_s, one.partial) for one in told[1:] if one is not None] == [(50.0, False)] * 7


def test_a_reading_that_cannot_be_is_stepped_over_and_said() -> None:
    """The reading after it is compared with the last one that could be: nothing is lost, nothing is counted twice."""
    rates = Rates(30)
    rates.delta("energy", 1_000_000, at_s=0, most_per_s=2_000)
    assert rates.delta("energy", 4_000_000_000, at_s=30, most_per_s=2_000) is None
    after = rates.delta("energy", 1_012_000, at_s=60, most_per_s=2_000)
    assert after is not None
    assert (after.amount, after.seconds, after.partial) == (12_000, 60, False)
    assert rates.delta("energy", 9_223_372_036_854_775_807, at_s=90) is None
    assert rates.implausible() == ["energy grew by 3.999e+09 in 30 s", "energy stands at 9.22337e+18"]
    assert rates.implausible() == []


def test_a_first_reading_that_cannot_be_costs_no_wrong_number() -> None:
    """A counter that falls from nonsense has not grown from zero to where it is within one interval."""
    rates = Rates(30)
    rates.delta("energy", 5_000_000_000_000, at_s=0, most_per_s=2_000)
    assert rates.delta("energy", 4_000_000_000, at_s=30, most_per_s=2_000) is None
    after = rates.delta("energy", 4_000_012_000, at_s=60, most_per_s=2_000)
    assert after is not None
    assert (after.amount, after.partial) == (12_000, False)


def test_iowait_that_steps_back_is_no_reset_and_no_spike_on_its_way_up() -> None:
    """F41: the kernel's iowait runs backwards by centiseconds."""
    rates = Rates(30)
    rates.delta("a", 5_000.0, at_s=0, jitters=True)
    back = rates.delta("a", 4_999.6, at_s=30, jitters=True)
    up = rates.delta("a", 5_001.0, at_s=60, jitters=True)
    assert back is not None
    assert up is not None
    assert (back.amount, up.amount) == (0.0, 1.0)


def test_a_gap_has_no_rate_but_the_next_reading_has() -> None:
    """A rate over a gap would be shown as if it had been measured."""
    rates = Rates(30)
    rates.delta("a", 0, at_s=0)
    assert rates.delta("a", 100, at_s=91) is None
    assert rates.delta("a", 130, at_s=121) is not None


def test_what_cannot_be_true_is_dropped() -> None:
    """More CPU seconds than there were, more bits than the link can carry, NaN, a negative counter."""
    rates = Rates(30)
    rates.delta("a", 0, at_s=0)
    assert rates.delta("a", 1_000, at_s=30, most_per_s=8) is None
    assert rates.delta("a", float("nan"), at_s=60) is None
    assert rates.delta("a", -1, at_s=60) is None


@given(st.lists(st.tuples(st.floats(0.2, 89), st.floats(0, 1e12)), min_size=2, max_size=30))
def test_the_sum_of_deltas_is_the_growth_of_a_counter_that_never_resets(steps: list[tuple[float, float]]) -> None:
    """Nothing is counted twice, nothing is lost; a rate is never negative."""
    rates, at_s, value, total = Rates(30), 0.0, 0.0, 0.0
    rates.delta("a", value, at_s=at_s)
    for seconds, growth in steps:
        at_s, value = at_s + seconds, value + growth
        delta = rates.delta("a", value, at_s=at_s)
        assert delta is not None
        assert delta.amount >= 0
        total += delta.amount
    assert abs(total - value) <= 1e-6 * max(1.0, value)


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=30))
def test_no_counter_whatever_it_does_gives_a_negative_rate(values: list[float]) -> None:
    """Resets, wraps, noise."""
    rates = Rates(30)
    for n, value in enumerate(values):
        delta = rates.delta("a", value, at_s=30.0 * n)
        assert delta is None or delta.amount >= 0
