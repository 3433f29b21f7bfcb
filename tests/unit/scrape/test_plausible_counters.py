"""Counters of exporters: what a link or a card cannot do is no reading; driver errors are seen over every restart."""

import json

import pytest

from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.mapping import builtin, load
from plimsoll.collectors.prometheus.remarks import remarks
from plimsoll.collectors.prometheus.settings import Target
from plimsoll.collectors.prometheus.targets import Scraper
from tests.clocks import START
from tests.exporters import exporter
from tests.expositions import WALL_S, lines, mapper, reads


def test_a_card_that_drew_a_hundred_kilowatts_has_no_energy_in_that_reading() -> None:
    """2,000 W is the most; the next plausible reading is compared with the last one that could be."""
    joules = [1e6, 1e6 + 3000, 9e9, 1e6 + 9000]
    texts = [lines("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", ('gpu="0"', 1e3 * one), kind="counter") for one in joules]
    made = reads("dcgm", texts)
    assert [one.readings.get(("r", ""), {}).get("gpu_energy_j") for one in made] == [None, 3000.0, None, 6000.0]
    assert made[2].dropped == 1
    table = load("dcgm")
    assert "1 values that cannot be were dropped" in (
        remarks("dcgm", table, parse(texts[2], "", table.wanted), made[2], None) or ""
    )


def test_a_link_carries_no_more_than_it_can() -> None:
    """One gigabit a second by its own word: 10 GB in ten seconds are refused, 1.1 GB are read; without a word, read."""

    def text(total: float, speed: float) -> str:
        told = lines("node_network_receive_bytes_total", ('device="eth0"', total), kind="counter")
        return told + lines("node_network_speed_bytes", ('device="eth0"', speed))

    def second(grown: float, speed: float) -> float | None:
        return (
            reads("node", [text(0, speed), text(grown, speed)])[1]
            .readings.get(("r", ""), {})
            .get("network_receive_bits_per_s")
        )

    assert second(1.1e9, 1.25e8) == pytest.approx(8 * 1.1e8)
    assert second(1e10, 1.25e8) is None
    assert second(1e10, -1.25e5) == pytest.approx(8e9)


def test_every_rate_of_every_mapping_has_a_most() -> None:
    """No counter can grow without end: each rule of a rate knows what one series can do a second."""
    rates = [(name, rule) for name in builtin() for rule in load(name).rules if rule.how == "rate"]
    assert len(rates) >= 40
    assert [(name, rule.metric) for name, rule in rates if rule.most_per_s is None] == []


def test_a_counter_that_stands_for_not_known_fills_no_memory() -> None:
    """A counter at its largest number is dropped and counted, reading after reading, and leaves nothing behind."""
    one, table = mapper("node"), load("node")
    text = lines("node_network_receive_bytes_total", ('device="eth0"', 9.3e18), kind="counter")
    for n in range(5):
        made = one.read(parse(text, "", table.wanted), at_s=10.0 * n, wall_s=WALL_S + 10 * n)
        assert made.dropped == 1
    assert one.rates.implausible() == []


def xids(*counts: float) -> list[float | None]:
    """The code of each reading of a counter of XID 79; a negative count is none at all."""
    texts = [
        lines("DCGM_FI_DEV_GPU_TEMP", ('gpu="0"', 40.0))
        + (lines("DCGM_EXP_XID_ERRORS_TOTAL", ('gpu="0",xid="79"', n), kind="counter") if n >= 0 else "")
        for n in counts
    ]
    return [one.readings["r", ""].get("gpu_xid_code") for one in reads("dcgm", texts)]


def test_a_driver_error_after_the_exporter_began_anew_is_seen() -> None:
    """The total falls from 5 to 1: one has happened since; the first reading of all tells nothing new."""
    assert xids(5, 5, 6, 1, 1, 3) == [None, None, 79.0, 79.0, None, 79.0]
    assert xids(-1, 1, 1) == [None, 79.0, None]


def test_a_driver_error_while_we_were_away_is_seen() -> None:
    """What was counted is remembered over a restart of ours: what was counted meanwhile has happened."""
    count = [5]

    def text() -> bytes:
        counted = lines("DCGM_EXP_XID_ERRORS_TOTAL", ('gpu="0",xid="79"', float(count[0])), kind="counter")
        return (lines("DCGM_FI_DEV_GPU_TEMP", ('gpu="0"', 40.0)) + counted).encode()

    with exporter(lambda h: h.body(text())) as one:
        target = Target.model_validate({"urls": (one.url,), "mapping": "dcgm", "resource": "r"})
        first = Scraper({"t": target}, interval_s=30.0)
        assert all("gpu_xid_code" not in row for row in first.read(START, 0.0).samples)
        memory = json.loads(json.dumps(first.memory()))
        first.close()
        count[0] = 6
        second = Scraper({"t": target}, interval_s=30.0)
        second.recall(memory)
        codes = [row.get("gpu_xid_code") for row in second.read(START, 1.0).samples]
        second.close()
    assert 79.0 in codes
