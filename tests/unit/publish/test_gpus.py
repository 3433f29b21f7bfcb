"""GPUs in a report: how many of which model, how used, unknown said, and the fleet's fact."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from plimsoll.analysis.performance.gpus import COLUMNS, gpu_use
from plimsoll.collectors import nvml_worker
from plimsoll.collectors.contract import Identity
from plimsoll.collectors.gpu import GpuReader, Settings
from plimsoll.collectors.nvml_worker import Fields, answer
from plimsoll.documents.gpus import GpuFleet, GpuHost, GpuUse
from plimsoll.documents.situation import GpuTotals
from plimsoll.fleet.resources import Resource
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.publish.views.gpu_rows import GpuSection, gpu_section
from plimsoll.publish.views.verdict import judge
from plimsoll.publish.views.view import ReportView
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.tasks import report
from tests.clocks import OwnedClock
from tests.nvml_card import Card
from tests.situations import MOMENT, situation
from tests.unit.collectors.test_nvml_worker import RECORDING

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
N = "\u202f"


def frame(*rows: dict[str, Any]) -> pl.LazyFrame:
    """Readings with every GPU column."""
    schema: dict[str, Any] = {"ts": pl.Datetime("ms", "UTC"), "resource_id": pl.String, "device": pl.String}
    return pl.LazyFrame(list(rows), schema=schema | dict.fromkeys(COLUMNS, pl.Float32))


def read(resource: str, device: str, minute: int, busy: float | None, **more: float) -> dict[str, Any]:
    """One reading of one card."""
    at = NOON + timedelta(minutes=minute)
    return {"ts": at, "resource_id": resource, "device": device, "gpu_utilization_pct": busy, **more}


def host(name: str, count: int | None, **labels: str) -> Resource:
    """A machine with so many GPUs."""
    return Resource(resource_id=name, name=name, type="cluster", labels=labels, gpu_count=count)


def section(fleet: GpuFleet) -> GpuSection:
    """The section, which is there."""
    found = gpu_section(fleet, "")
    assert found is not None
    return found


def test_means_are_of_what_was_read_and_the_fleet_is_weighed_by_cards() -> None:
    """Two cards at 90 and 30, one machine of four at 10 that tells only its mean: (90 + 30 + 4 x 10) / 6."""
    samples = frame(
        *(read("a", "gpu0", minute, 90.0, gpu_power_w=600.0, gpu_temperature_c=60.0 + minute) for minute in (0, 1)),
        read("a", "gpu1", 0, 30.0, gpu_power_w=200.0, gpu_temperature_c=50.0),
        read("a", "", 0, 60.0, gpu_power_w=800.0),
        read("b", "", 0, 10.0, gpu_power_w=400.0),
        read("b", "", 1, None),
    )
    fleet = gpu_use(samples, [host("a", 3), host("b", 4), host("c", 2), host("none", None)])
    by_id = {one.resource_id: one for one in fleet.hosts}
    assert (by_id["a"].whole.busy_pct, by_id["a"].whole.power_w, by_id["a"].whole.temperature_c) == (60.0, 400.0, 61.0)
    assert (by_id["b"].whole.busy_pct, by_id["b"].whole.power_w) == (10.0, 100.0)
    assert (by_id["a"].read, by_id["a"].unread, fleet.count, fleet.unread) == (2, 1, 6, 3)
    assert fleet.busy_pct == pytest.approx(160 / 6, abs=0.01)
    assert fleet.busiest_pct == fleet.busy_pct
    assert [one.resource_id for one in fleet.hosts] == ["b", "a"]


def test_instances_of_a_card_are_no_cards() -> None:
    """MIG: the parent is read and its instances only hold memory; where only instances are read they are what is."""
    memory = {"gpu_memory_utilization_pct": 50.0}
    parent = frame(read("a", "gpu0", 0, 80.0), read("a", "gpu0.mig1", 0, None, **memory), read("a", "gpu0/7", 0, 5.0))
    fleet = gpu_use(parent, [host("a", 1)])
    assert (fleet.count, fleet.busy_pct) == (1, 80.0)
    alone = gpu_use(frame(read("a", "gpu0/7", 0, 50.0)), [host("a", None)])
    assert alone.count == 1


def test_unknown_is_a_dash_and_is_said() -> None:
    """A source without SM activity, power or clocks: no number is made up, and the note says which are missing."""
    shown = section(gpu_use(frame(read("a", "gpu0", 0, 40.0)), [host("a", 1)]))
    (row,) = shown.rows
    assert (row.busy, row.sm, row.power, row.slowed, row.what) == (f"40{N}%", "–", "–", "unknown", "1 × model unknown")
    assert shown.unknown.startswith("Unknown (–) is not zero. SM activity, tensor activity, memory bandwidth")
    none = section(gpu_use(frame(), [host("a", 2)]))
    assert none.sentence == "No GPU was read; 2 GPUs are known."
    assert gpu_section(gpu_use(frame(), [host("a", None)]), "") is None


def use(device: str = "", **more: float) -> GpuUse:
    """A card."""
    return GpuUse(device=device, samples=10, **more)


def test_a_card_at_its_power_limit_works_and_a_hot_one_is_slowed() -> None:
    """The limit is named without blame where the card is busy; heat and hardware come first, with their share."""
    full = use(busy_pct=100.0, power_w=698.0, power_limit_w=700.0, slowed_by_power_pct=97.0, slowed_by_heat_pct=0.0)
    hot = use(busy_pct=70.0, power_w=400.0, power_limit_w=700.0, slowed_by_power_pct=20.0, slowed_by_heat_pct=30.0)
    hosts = [
        GpuHost(resource_id=name, name=name, model="H100", count=1, whole=one, cards=[one])
        for name, one in (("full", full), ("hot", hot))
    ]
    rows = {row.name: row.slowed for row in section(GpuFleet(hosts=hosts)).rows}
    assert rows["full"] == "at its power limit, works fully"
    assert rows["hot"] == f"heat 30{N}% of the time; power limit 20{N}% of the time"


def test_in_a_large_fleet_only_cards_that_stand_out_are_listed() -> None:
    """Sixteen cards alike are one line a machine; the one that does little has its own."""
    cards = [use(f"gpu{n}", busy_pct=90.0 if n else 20.0) for n in range(8)]
    whole = use(busy_pct=81.25)
    hosts = [
        GpuHost(resource_id=name, name=name, model="H100", count=8, whole=whole, cards=cards)
        for name in ("a", "b", "c")
    ]
    rows = section(GpuFleet(hosts=hosts)).rows
    assert [row.what for row in rows if row.is_card] == ["gpu0"] * 3


@pytest.mark.parametrize(
    ("gpus", "says"),
    [
        (GpuTotals(64, 7.0, 12.0, 12, 0), f"busy 7{N}% of the time, 12{N}% in the busiest hour: 12 would have"),
        (GpuTotals(64, 70.0, 92.0, 64, 0), f"The fleet's 64 GPUs were busy 70{N}% of the time."),
        (GpuTotals(1, 62.5, 100.0, 1, 0), f"The fleet's GPU was busy 62.5{N}% of the time."),
    ],
)
def test_the_verdict_says_how_much_of_the_fleet_was_used(gpus: GpuTotals, says: str) -> None:
    """Calm or not: a fleet that is 7 % used says so, with what would have been enough."""
    for calm in (situation(gpus=gpus), situation(gpus=gpus, crossed=["a"])):
        assert says in judge(calm, MOMENT).facts
    assert "GPU" not in judge(situation(), MOMENT).facts


def test_enough_is_what_the_busiest_hour_needs() -> None:
    """64 cards, 12 % in the busiest hour, at most 65 % busy: 11.8, so 12; never more than there are."""
    hosts = [GpuHost(resource_id="a", name="a", model="", count=64, whole=use(), cards=[])]
    assert [GpuFleet(hosts=hosts, busiest_pct=most).enough for most in (12.0, 65.0, 99.0, 0.0, None)] == [
        12, 64, 64, 1, None,
    ]  # fmt: skip


def replayed(project: Project, monkeypatch: pytest.MonkeyPatch, folder: Path) -> datetime:
    """The recorded H100 in the lake, one recorded moment each half minute; gives the end."""
    lines = [json.loads(line) for line in RECORDING.read_text().splitlines()]
    (static,) = [line for line in lines if line["what"] == "static"]
    samples = [line for line in lines if line["what"] == "sample"]
    driver = Card(samples[0], static)
    monkeypatch.setattr(nvml_worker, "pynvml", driver)
    fields, answers = Fields(), list[dict[str, Any]]()
    for sample in samples:
        driver.now = sample
        answers.append(answer(fields))
    kept = folder / "answers.ndjson"
    kept.write_text("".join(json.dumps(one) + "\n" for one in answers))
    script = f"import sys\nfor line in open({str(kept)!r}):\n    sys.stdin.readline(); print(line, end='', flush=True)"
    settings = Settings(deadline="20s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    reader = GpuReader(settings, Identity("h100-01", "h100-01", "cluster", 30.0), worker=(sys.executable, "-c", script))
    rows, facts = list[dict[str, Any]](), list[dict[str, Any]]()
    for number in range(len(answers)):
        reading = reader.read(NOON + timedelta(seconds=30 * number), 30.0 * number)
        rows += reading.samples
        facts += reading.resources
    reader.close()
    project.lake.append(RESOURCES, facts, collector="nvml")
    project.lake.append(SAMPLES, rows, collector="nvml")
    return NOON + timedelta(seconds=30 * len(answers))


def test_the_first_report_of_one_machine_with_one_h100(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From a real recording: model, use, SMs and tensor cores far below it, power of 700 W, temperature, why slowed."""
    end = replayed(project, monkeypatch, tmp_path)
    made = report.daily(context(project, clock=OwnedClock(end), as_of=end))
    assert made.failed == {}
    assert isinstance(made.view, ReportView)
    assert made.view.gpus is not None
    (row,) = made.view.gpus.rows
    assert row.what == "1 × NVIDIA H100 80GB HBM3"
    busy, sm = (float(text.removesuffix(f"{N}%")) for text in (row.busy, row.sm))
    assert 30 < sm < busy < 90
    assert re.fullmatch(rf"\d+{N}W of 700", row.power)
    assert row.temperature.endswith("°C")
    assert "power limit" in row.slowed
    assert made.view.gpus.unknown == ""
    assert made.view.situation.crossed == []  # at 100 % and at 700 W it works well: no line is drawn there
    assert f"Its GPU was busy {row.busy} of the time." in made.view.verdict.facts
    page = made.page.read_text("utf-8")
    assert "NVIDIA H100 80GB HBM3" in page
    evidence = {one["subject"]: one for one in json.loads((made.folder / "evidence.json").read_bytes())}
    assert evidence["gpus.h100-01"]["detail"]["cards"][0]["sm_active_pct"] == pytest.approx(sm, abs=0.06)
    assert evidence["gpus"]["observed"] == pytest.approx(busy, abs=0.06)
