"""What readers remember: a restart of the program costs no interval, a restart of the machine costs one."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from plimsoll.collectors import counter_state
from plimsoll.collectors.counter_state import load
from plimsoll.collectors.prometheus.settings import Target
from plimsoll.collectors.prometheus.targets import Scraper
from plimsoll.collectors.session import Collecting
from plimsoll.lake import Lake
from plimsoll.project import Project
from plimsoll.tables import SAMPLES
from tests.clocks import START
from tests.exporters import exporter

CONFIG = '[plimsoll]\nname = "x"\n[collectors.gpu]\nenabled = false\n'


def opened(folder: Path) -> Collecting:
    """This machine's sources, with the memory beside the project."""
    (folder / "config.toml").write_text(CONFIG)
    return Collecting(Project.open(folder, here=folder).config(), memory=folder / "counters.msgpack")


@pytest.mark.parametrize(("boot", "known"), [("same", True), ("another", False)])
def test_counters_go_on_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boot: str, known: bool
) -> None:
    """The first reading of the second run has its rates; after a reboot it has none."""
    first = opened(tmp_path)
    first.round(START, 1000.0)
    first.close()
    if boot == "another":
        monkeypatch.setattr(counter_state, "boot_id", lambda: "another start of the machine")
    second = opened(tmp_path)
    time.sleep(0.1)  # the kernel counts in steps of 10 ms: some must pass between the two readings
    second.round(START + timedelta(seconds=30), 1030.0)
    second.close()
    lake = Lake(tmp_path / "lake")
    second.flush(lake)
    rows = lake.snapshot().scan(SAMPLES).collect()
    assert (rows["cpu_utilization_pct"].drop_nulls().len() > 0) == known


def test_a_scraper_remembers_each_address(tmp_path: Path) -> None:
    """By its url; what is no memory is no harm."""
    body = 'node_cpu_seconds_total{cpu="0",mode="idle"} 10\nnode_cpu_seconds_total{cpu="0",mode="user"} 10\n'
    with exporter(lambda h: h.body(body.encode())) as one:
        targets = {"t": Target.model_validate({"urls": (one.url,), "mapping": "node"})}
        first = Scraper(targets, interval_s=30)
        assert first.read(START, 0.0).samples == []
        kept = first.memory()
        first.close()
        counter_state.save(tmp_path / "m", {"targets": kept})
        for told in (
            None,
            {one.url: {"boot": counter_state.boot_id(), "counters": [["x"]]}},
            load(tmp_path / "m")["targets"],
        ):
            second = Scraper(targets, interval_s=30)
            second.recall(told)
            told_counters = {url: len(one["counters"]) for url, one in second.memory().items()}
            second.close()
    assert told_counters == {one.url: len(kept[one.url]["counters"])}
    assert told_counters[one.url] > 0


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x93\x01\x02\x03"])
def test_a_file_of_another_shape_is_no_memory(tmp_path: Path, data: bytes) -> None:
    """Torn, or something else altogether."""
    (tmp_path / "m").write_bytes(data)
    assert load(tmp_path / "m") == {}
    assert load(tmp_path / "none") == {}
