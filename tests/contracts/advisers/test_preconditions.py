"""The law of advice: it rests on nothing unread, pastes nothing beyond the inventory, stops nothing at work."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import advisers_for, assess
from plimsoll.analysis.advice.catalogue import advisers
from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.advice.preconditions import THINGS, has_gpus
from plimsoll.analysis.bottlenecks.missing_metrics import missing_in_fleet
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource
from plimsoll.metrics import CATALOGUE

END = datetime(2026, 1, 16, 18, tzinfo=UTC)
DAY, ROWS = 288, 14 * 288
METRICS = sorted({metric for rule in built_in().values() for metric in rule.reads} | {"gpu_power_w", "running_count"})
GIVES_BACK = {"release", "switch_off"}
QUIET_HOST = {
    "cpu_utilization_pct": 1.0,
    "gpu_utilization_pct": 0.0,
    "network_receive_bits_per_s": 1e4,
    "network_transmit_bits_per_s": 1e4,
    "disk_read_bytes_per_s": 1e3,
    "disk_write_bytes_per_s": 1e3,
}


def host(levels: dict[str, float], *, kind: str = "cluster", price: float | None = 15.2) -> ResourceWindow:
    """Four GPUs and two weeks of these levels."""
    resource = Resource(resource_id="m", name="m", type=kind, gpu_count=4.0, cpu_count=64.0, price_usd_per_h=price)
    rows = {name: np.full(ROWS, float(level)) for name, level in levels.items()}
    return ResourceWindow(resource, rows, DAY, 300.0, 1.0, end=END)


def random_window(seed: int) -> ResourceWindow:
    """A resource of any kind, of known or unknown size, of which some metrics are read: quiet, usual, or extreme."""
    rng = np.random.default_rng(seed)

    def sometimes(value: float) -> float | None:
        return value if rng.random() < 0.7 else None

    resource = Resource(
        resource_id="m",
        name="m",
        type=str(rng.choice([*THINGS])),
        gpu_count=sometimes(float(rng.integers(1, 9))),
        cpu_count=sometimes(64.0),
        replicas_count=sometimes(float(rng.integers(1, 9))),
        memory_bytes=sometimes(5e11),
        storage_bytes=sometimes(2e14),
        price_usd_per_h=sometimes(20.0),
    )
    readings: dict[str, Floats] = {}
    for metric in METRICS:
        if rng.random() < 0.5:
            continue
        known = CATALOGUE[metric]
        most = known.high if known.high is not None else float(rng.choice([1.0, 100.0, 1e4, 1e10]))
        row = np.full(ROWS, most * float(rng.choice([0.0, 0.01, 0.4, 0.97])))
        row[-int(rng.integers(1, ROWS)) :] = most * float(rng.choice([0.0, 0.01, 0.6, 0.97]))
        row[rng.random(ROWS) < 0.02] = np.nan
        readings[metric] = row
    return ResourceWindow(resource, readings, DAY, 300.0, 1.0, end=END)


def given(window: ResourceWindow) -> list[tuple[Adviser, Advice]]:
    """Everything that any adviser says of it."""
    found: list[tuple[Adviser, Advice]] = []
    for rule in built_in().values():
        if (seen := rule.evaluate(window)) is not None:
            found += [(by, one) for by in advisers_for(rule) if (one := by.give(window, seen)) is not None]
    return found


@pytest.mark.parametrize("block", range(4))
def test_no_advice_rests_on_what_is_not_read(block: int) -> None:
    """Random resources with parts unknown: every declared metric is read, every size fits, every thing is its kind."""
    advised = 0
    for seed in range(15 * block, 15 * (block + 1)):
        window = random_window(seed)
        for adviser, one in given(window):
            advised += 1
            for group in adviser.wants.measured:
                needed = has_gpus(window) or not group[0].startswith("gpu_")
                assert not needed or any(window.row(metric) is not None for metric in group), adviser.name
            assert THINGS[window.resource.type] in adviser.wants.acts_on
            _fits(one, window.resource)
    assert advised > 15


def _fits(one: Advice, of: Resource) -> None:
    """What is pasted asks for no more than there is, and names the thing as what it is."""
    for text in one.changes.values():
        if (match := re.search(r"--gres=gpu:(?:[a-z0-9-]+:)?(\d+)", text)) and of.gpu_count:
            assert float(match[1]) <= of.gpu_count, text
        if (match := re.search(r"--cpus-per-gpu=(\d+)", text)) and of.gpu_count and of.cpu_count:
            assert float(match[1]) * of.gpu_count <= of.cpu_count, text
        assert of.type == "cluster" or not re.search(r"nodename=m\b|cordon m\b", text), text
        assert of.type in ("endpoint", "ai-service") or not re.search(r"deployment/m\b", text), text
    costly = re.search(r"scale|--gres|--cpus|set resources|restart", " ".join(one.changes.values()))
    assert not (one.cost == "costs nothing" and costly), one.title


def test_every_adviser_that_gives_back_says_what_it_must_know() -> None:
    """Use, and what is quiet; and what would break."""
    for name in GIVES_BACK:
        wants = advisers()[name].wants
        assert wants.measured
        assert wants.quiet
        assert wants.breaks


@pytest.mark.parametrize("unread", sorted(QUIET_HOST))
def test_nothing_is_switched_off_whose_use_is_not_read(unread: str) -> None:
    """Quiet in all that is read, but one part is not: no advice to switch it off."""
    assert {one.adviser for one in assess(host(QUIET_HOST | {"gpu_power_w": 300.0})).advice} & GIVES_BACK
    levels = {name: level for name, level in QUIET_HOST.items() if name != unread}
    result = assess(host(levels))
    given_back = {one.adviser for one in result.advice} & GIVES_BACK
    assert "switch_off" not in given_back
    if unread == "gpu_utilization_pct":
        assert not given_back


def test_a_machine_that_draws_power_is_at_work() -> None:
    """650 W on each of its GPUs while their use reads nothing: neither released nor switched off, and why."""
    result = assess(host(QUIET_HOST | {"gpu_power_w": 4 * 650.0}))
    assert not {one.adviser for one in result.advice} & GIVES_BACK
    (why,) = [one.reason for one in result.abstentions if one.subject == "release on gpu_idle"]
    assert why == "gpu_power_w is 2,600, more than 800 where nothing is at work"
    assert {one.adviser for one in assess(host(QUIET_HOST | {"gpu_power_w": 4 * 127.0})).advice} & GIVES_BACK


def test_what_would_decide_comes_first_in_the_unlock_list() -> None:
    """A host without GPUs that looks idle, and whose network is not read: the network is what would decide."""
    bare = host({"cpu_utilization_pct": 1.0, "disk_read_bytes_per_s": 1e3, "disk_write_bytes_per_s": 1e3})
    bare = replace(bare, resource=replace(bare.resource, gpu_count=None))
    result = assess(bare)
    assert [top.rule for top, _ in result.bottlenecks] == ["idle_host"]
    assert result.advice == []
    ranked = missing_in_fleet([(bare, result)], built_in())
    assert {one.metric for one in ranked if one.decides} == {
        "network_receive_bits_per_s",
        "network_transmit_bits_per_s",
    }
    assert [one.decides for one in ranked][:3] == [1, 1, 0]
    assert len({one.at_stake for one in ranked}) > len(ranked) / 4  # an order, and not one number for all


@pytest.mark.parametrize("worked_back", [3, 6, 13])
def test_a_host_that_works_once_a_week_is_not_switched_off(worked_back: int) -> None:
    """Eight hours of work some days ago, nothing since: no paste, no month of savings, and when it worked last."""
    one = host(QUIET_HOST)
    rows = {name: row.copy() for name, row in one.readings.items()}
    end = ROWS - worked_back * DAY
    rows["cpu_utilization_pct"][end - 96 : end] = 90.0
    rows["gpu_utilization_pct"][end - 96 : end] = 80.0
    advice = [a for a in assess(replace(one, readings=rows)).advice if a.adviser in GIVES_BACK]
    assert advice
    for found in advice:
        assert not re.search(r"Release|Switch .* off|zero", found.title), found.title
        assert (found.changes, found.saving_per_month, found.frees) == ({}, None, 0.0)
        assert "It worked for 8 h of the 14 days" in found.description


def test_seventy_idle_hours_are_priced_as_seventy_hours() -> None:
    """Eleven days at work, idle for seventy hours: what these cost, no 730 hours of it."""
    one = host(QUIET_HOST)
    rows = {name: row.copy() for name, row in one.readings.items()}
    rows["gpu_utilization_pct"][: -70 * 12] = 70.0
    (found,) = [a for a in assess(replace(one, readings=rows)).advice if a.adviser == "release"]
    assert found.cost == "$1,064 for these 70 h"
    assert found.title == "Let others have the GPUs of m while it has no work"


def test_less_than_a_week_of_history_switches_nothing_off() -> None:
    """Three quiet days say nothing of the other four."""
    one = host(QUIET_HOST)
    rows = {name: np.where(np.arange(ROWS) < ROWS - 3 * DAY, np.nan, row) for name, row in one.readings.items()}
    for found in assess(replace(one, readings=rows)).advice:
        assert found.changes == {}
        assert found.saving_per_month is None
