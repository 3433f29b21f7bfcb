"""The child that speaks to NVML, against bindings that play a recorded H100, and other cards and drivers."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pynvml
import pytest

from plimsoll.collectors import nvml_worker
from plimsoll.collectors.contract import Identity, Row
from plimsoll.collectors.gpu import GpuReader, Settings
from plimsoll.collectors.nvml_worker import Fields, answer
from tests.nvml_card import Card
from tests.shared import ROOT

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
RECORDING = ROOT / "tests" / "recorded" / "nvml" / "h100-known-loads.ndjson"


PLAIN: dict[str, Any] = {"gpu": 77, "memctl": 10, "mem": 40 << 30, "mw": 300_000, "mj": 10**9, "c": 50, "sm": 1980,
                         "reasons": 0}  # fmt: skip


@pytest.fixture
def readers() -> Iterator[list[GpuReader]]:
    """Readers that are closed in the end."""
    opened: list[GpuReader] = []
    yield opened
    for reader in opened:
        reader.close()


def card(monkeypatch: pytest.MonkeyPatch, now: dict[str, Any], static: dict[str, Any] | None = None) -> Card:
    """A card in the place of the bindings."""
    made = Card(now, static)
    monkeypatch.setattr(nvml_worker, "pynvml", made)
    return made


def read(
    answers: list[dict[str, Any]], times: list[float], tmp_path: Path, readers: list[GpuReader]
) -> list[list[Row]]:
    """What the reader makes of the child's answers: the rows of each reading."""
    lines = tmp_path / "answers.ndjson"
    lines.write_text("".join(json.dumps(one) + "\n" for one in answers))
    script = f"import sys\nfor line in open({str(lines)!r}):\n    sys.stdin.readline(); print(line, end='', flush=True)"
    settings = Settings(deadline="20s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    reader = GpuReader(settings, Identity("h", "h", "cluster", 30.0), worker=(sys.executable, "-u", "-c", script))
    readers.append(reader)
    return [reader.read(NOON + timedelta(seconds=at), at).samples for at in times]


def test_a_recorded_h100_under_known_loads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, readers: list[GpuReader]
) -> None:
    """Busy is not busy: one spinning kernel and plain copies read 100 %, and GPM tells that no SM works."""
    lines = [json.loads(line) for line in RECORDING.read_text().splitlines()]
    (static,) = [line for line in lines if line["what"] == "static"]
    samples = [line for line in lines if line["what"] == "sample"]
    driver = card(monkeypatch, samples[0], static)
    fields = Fields()
    answers: list[dict[str, Any]] = []
    for sample in samples:
        driver.now = sample
        answers.append(answer(fields))
    assert driver.samples == 1  # the one that the next reading compares with: none is leaked
    times = [sample["t"] - samples[0]["t"] for sample in samples]
    rows = [{row["device"]: row for row in one} for one in read(answers, times, tmp_path, readers)]

    def middle(phase: str, metric: str) -> float:
        found = [row["gpu0"].get(metric) for row, one in zip(rows, samples, strict=True) if one["phase"] == phase]
        return float(median(value for value in found[2:] if value is not None))

    assert middle("one_sm_spin", "gpu_utilization_pct") == 100
    assert 0 < middle("one_sm_spin", "gpu_sm_active_pct") < 1
    assert middle("h2d_pinned", "gpu_utilization_pct") == 100
    assert middle("h2d_pinned", "gpu_sm_active_pct") < 0.01
    assert middle("h2d_pinned", "gpu_engine_active_pct") < 0.1
    assert middle("h2d_pinned", "gpu_pcie_receive_bytes_per_s") == pytest.approx(58.3e9, rel=0.01)
    assert middle("matmul_bf16", "gpu_sm_active_pct") == pytest.approx(96.5, abs=0.5)
    assert middle("matmul_bf16", "gpu_tensor_active_pct") == pytest.approx(93.7, abs=0.5)
    assert middle("matmul_fp32", "gpu_tensor_active_pct") == 0
    assert middle("matmul_bf16", "gpu_throttled_power_pct") == 100
    assert middle("copy_hbm", "gpu_dram_active_pct") == pytest.approx(87, abs=1)
    assert middle("held_idle_20GiB", "gpu_utilization_pct") == 0
    assert middle("held_idle_20GiB", "gpu_memory_used_bytes") > 20 * 1024**3
    assert middle("idle", "gpu_memory_temperature_c") > 40
    joules = sum(row["gpu0"].get("gpu_energy_j") or 0.0 for row in rows)
    steps = zip(pairwise(samples), pairwise(times), strict=True)
    integral = sum((a["mw"] + b["mw"]) / 2000 * (until - since) for (a, b), (since, until) in steps)
    assert joules == pytest.approx(integral, rel=0.02)


def test_a_reading_is_the_mean_of_what_the_recorded_buffer_has_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The H100's own buffer, 200 ms a sample, none of them twice; the moment where none is new."""
    lines = [json.loads(line) for line in RECORDING.read_text().splitlines()]
    (recorded,) = [line["util"] for line in lines if line["what"] == "buffers"]
    first, second = recorded[: len(recorded) // 3], recorded
    driver = card(monkeypatch, {**PLAIN, "buffer": first})
    fields = Fields()
    assert answer(fields)["gpus"][0]["utilization"] == {"gpu_pct": 77, "memory_controller_pct": 10}
    driver.now = {**PLAIN, "buffer": second}
    new = [value for _, value in second[len(first) :]]
    assert answer(fields)["gpus"][0]["utilization"]["gpu_pct"] == pytest.approx(sum(new) / len(new))
    assert answer(fields)["gpus"][0]["utilization"]["gpu_pct"] == 77
    assert "errors" not in answer(fields)["gpus"][0]


def test_an_input_starved_card_is_busy_a_quarter_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any one moment says 0 or 100; the mean of the buffer says 25."""
    buffer = [(200_000 * n, 100 if n % 4 == 0 else 0) for n in range(1, 241)]
    driver = card(monkeypatch, {**PLAIN, "gpu": 0, "buffer": buffer[:120]})
    fields = Fields()
    answer(fields)
    driver.now = {**PLAIN, "gpu": 0, "buffer": buffer[120:]}
    assert answer(fields)["gpus"][0]["utilization"]["gpu_pct"] == pytest.approx(25.0)


def test_each_mig_instance_has_its_own_performance(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, readers: list[GpuReader]
) -> None:
    """GPM of an instance is asked of its card, by the instance's id; the card's own values stay beside them."""
    said = {7: {"SM_UTIL": 80.0, "DRAM_BW_UTIL": 20.0}, 8: {"SM_UTIL": 5.0, "DRAM_BW_UTIL": 1.0}}
    driver = card(monkeypatch, {**PLAIN, "mig": 1, "gpm": {"SM_UTIL": 30.0}, "instances": said})
    fields = Fields()
    rows = read([answer(fields), answer(fields)], [0.0, 30.0], tmp_path, readers)[1]
    active = {row["device"]: row.get("gpu_sm_active_pct") for row in rows}
    assert active == {"": 30.0, "gpu0": 30.0, "gpu0.mig0": 80.0, "gpu0.mig1": 5.0}
    assert driver.samples == 3  # one for the card, one for each instance: none is leaked


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_FUNCTION_NOT_FOUND, pynvml.NVML_ERROR_UNKNOWN, 25, 2])
def test_memory_is_read_by_the_older_call_where_the_newer_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Drivers of before 2021, and those that say Unknown Error."""
    card(monkeypatch, {**PLAIN, "v2": code})
    (gpu,) = answer(Fields())["gpus"]
    assert gpu["memory"] == {"total": 80 << 30, "used": 40 << 30}
    assert "errors" not in gpu


@pytest.mark.parametrize("known", [True, False])
def test_a_changed_mig_mode_is_asked_again_what_it_supports(monkeypatch: pytest.MonkeyPatch, *, known: bool) -> None:
    """Utilization is not there while MIG is on, is not asked for again then, and is there when it is off.

    Also where the card did not tell its mode at first.
    """
    driver = card(monkeypatch, {**PLAIN, "mig": 1})
    fields = Fields()
    if not known:
        driver.now = PLAIN
        answer(fields)
        driver.calls.clear()
        driver.now = {**PLAIN, "mig": 1}
    for _ in range(3):
        (gpu,) = answer(fields)["gpus"]
        assert "utilization" not in gpu
    assert driver.calls.count("nvmlDeviceGetUtilizationRates") == 1
    driver.now = {**PLAIN, "mig": 0}
    (gpu,) = answer(fields)["gpus"]
    assert gpu["utilization"]["gpu_pct"] == 77


def test_xids_come_once_with_the_device_that_had_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, readers: list[GpuReader]
) -> None:
    """Of several the one that speaks of the card; all of them stand in the reason; the next reading has none."""
    driver = card(monkeypatch, PLAIN)
    fields = Fields()
    answers = [answer(fields)]
    driver.events += [13, 79, 31]
    answers += [answer(fields), answer(fields)]
    assert [gpu.get("xids") for one in answers for gpu in one["gpus"]] == [None, [13, 79, 31], None]
    codes = [
        {row["device"]: row.get("gpu_xid_code") for row in rows}
        for rows in read(answers, [0.0, 30.0, 60.0], tmp_path, readers)
    ]
    assert codes == [{"": None, "gpu0": None}, {"": 79.0, "gpu0": 79.0}, {"": None, "gpu0": None}]


@pytest.mark.parametrize("call", ["nvmlEventSetCreate", "nvmlDeviceRegisterEvents", "nvmlEventSetWait_v2"])
def test_a_driver_without_events_costs_nothing_else(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Virtual GPUs have none."""
    driver = card(monkeypatch, {**PLAIN, call: pynvml.NVML_ERROR_NOT_SUPPORTED})
    fields = Fields()
    for _ in range(2):
        (gpu,) = answer(fields)["gpus"]
        assert gpu["power_mw"] == 300_000
        assert "xids" not in gpu
    assert driver.calls.count("nvmlEventSetCreate") == 1


def test_a_card_without_gpm_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Hopper: unknown, not zero."""
    driver = card(monkeypatch, PLAIN)
    fields = Fields()
    gpus = [gpu for _ in range(3) for gpu in answer(fields)["gpus"]]
    assert all("gpm" not in gpu and "errors" not in gpu for gpu in gpus)
    assert driver.calls.count("nvmlGpmQueryDeviceSupport") == 1


def test_a_gpm_sample_that_fails_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """And named; the readings beside it are there."""
    driver = card(monkeypatch, {**PLAIN, "gpm": {}, "nvmlGpmSampleGet": pynvml.NVML_ERROR_UNKNOWN})
    fields = Fields()
    for _ in range(3):
        (gpu,) = answer(fields)["gpus"]
        assert list(gpu["errors"]) == ["gpm"]
        assert gpu["temperature_c"] == 50
    assert driver.samples == 0


def test_what_the_board_allows_is_a_fact(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Advice to raise a limit needs to know that there is room."""
    card(monkeypatch, PLAIN)
    line = tmp_path / "line.json"
    line.write_text(json.dumps(answer(Fields())))
    script = f"import sys; sys.stdin.readline(); print(open({str(line)!r}).read())"
    settings = Settings(deadline="20s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    reader = GpuReader(settings, Identity("h", "h", "cluster", 30.0), worker=(sys.executable, "-u", "-c", script))
    (fact,) = reader.read(NOON, 0.0).resources
    reader.close()
    assert json.loads(fact["labels"]) == {
        "gpu_model": "Card", "gpu_power_limit_min_w": "200", "gpu_power_limit_max_w": "700",
    }  # fmt: skip
