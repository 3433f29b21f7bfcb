"""NVIDIA GPUs of this machine, through NVML in a child process with a deadline.

One row for each GPU (device `gpu0`, with MIG instances as `gpu0.mig1`) and the resource's mean. A GPU that is lost, a
field that is not supported: null and a reason, never 0. Without a driver the collector says so once and costs nothing.
"""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from plimsoll.collectors.contract import Collector, Identity, Reading, Row, collection_row
from plimsoll.collectors.rates import Rates
from plimsoll.config import Duration, Section
from plimsoll.errors import shown
from plimsoll.metrics import CATALOGUE
from plimsoll.plausibility import in_words, judged
from plimsoll.tables import SAMPLES

SOURCE = "nvml"
_WORKER = (sys.executable, "-m", "plimsoll.collectors.nvml_worker")
_NO_DRIVER = {9, 12}  # DriverNotLoaded, LibraryNotFound
_MISMATCH = 18
_RETRY_S = {"none": 300.0, "broken": 60.0}


class Settings(Section):
    """`[collectors.gpu]`."""

    enabled: bool = Field(default=True, description="whether this machine's NVIDIA GPUs are read")
    deadline: Annotated[Duration, Field(ge=0.5, le=60)] = Field(
        "5s",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how long one reading may take before the child is killed",
    )


class GpuReader:
    """Asks the child for a reading; kills one that does not answer and starts another later."""

    def __init__(self, settings: Settings, identity: Identity, *, worker: Sequence[str] = _WORKER) -> None:
        self._identity = identity
        self._deadline_s = settings.deadline
        self._worker = tuple(worker)
        self._rates = Rates(identity.interval_s)
        self._child: subprocess.Popen[bytes] | None = None
        self._not_before_s = float("-inf")
        self._last_fact: Row | None = None

    def read(self, now: datetime, monotonic: float) -> Reading:
        """The rows of every GPU, or why there is none."""
        if monotonic < self._not_before_s:
            return Reading()
        began = time.perf_counter()
        answer = self._ask()
        took_s = time.perf_counter() - began
        if "fatal" in answer:
            return self._without(now, monotonic, answer["fatal"], took_s)
        gpus: list[dict[str, Any]] = answer["gpus"]
        if not gpus:
            return self._without(now, monotonic, {"code": 12, "name": "the driver knows no GPU"}, took_s)
        keys = {"ts": now, "resource_id": self._identity.resource_id, "source": SOURCE}
        devices: list[Row] = [{**keys, **row} for gpu in gpus for row in self._rows(gpu, monotonic)]
        refused = judged(SAMPLES, devices)  # before the sums
        samples = [{**keys, "device": "", **_whole(devices)}, *devices]
        reasons = [reason for gpu in gpus if (reason := _trouble(gpu))]
        reasons += [f"gpu{gpu['index']}: XID {', '.join(map(str, gpu['xids']))}" for gpu in gpus if gpu.get("xids")]
        reasons += [in_words(refused)] if refused else []
        reasons += [f"dropped: {said}" for said in self._rates.implausible()]
        done = collection_row(
            now,
            source=SOURCE,
            target=self._identity.resource_id,
            ok=not any("lost" in gpu for gpu in gpus),
            reason="; ".join(reasons) or None,
            duration_s=took_s,
            rows=len(samples),
        )
        return Reading(samples, [done], self._fact(now, gpus))

    def close(self) -> None:
        """Ends the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _ask(self) -> dict[str, Any]:
        try:
            if self._child is None:
                environment = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH")}
                self._child = subprocess.Popen(
                    self._worker,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**environment, "PYTHONUNBUFFERED": "1"},
                )
            line = self._exchange(self._child)
            answer: dict[str, Any] = json.loads(line)
        except TimeoutError:
            answer = {"fatal": {"code": 10, "name": f"no answer within {self._deadline_s:g} s; the helper was ended"}}
        except (OSError, ValueError) as error:
            code = self._child.poll() if self._child else None
            answer = {"fatal": {"code": 999, "name": f"the helper failed ({type(error).__name__}, exit {code})"}}
        if "fatal" in answer:
            self.close()
        return answer

    def _exchange(self, child: subprocess.Popen[bytes]) -> bytes:
        """One question, one line back, before the deadline."""
        assert child.stdin is not None  # noqa: S101 - both are pipes
        assert child.stdout is not None  # noqa: S101
        child.stdin.write(b"read\n")
        child.stdin.flush()
        until = time.monotonic() + self._deadline_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise TimeoutError
                piece = os.read(child.stdout.fileno(), 65_536)
                if not piece:
                    raise ValueError("the answer ended early")
                line += piece
        return line

    def _without(self, now: datetime, monotonic: float, fatal: Mapping[str, Any], took_s: float) -> Reading:
        """No reading: without a driver that is not a failure; everything else is one, with what to do."""
        none = fatal["code"] in _NO_DRIVER
        self._not_before_s = monotonic + _RETRY_S["none" if none else "broken"]
        advice = {_MISMATCH: "; the driver was changed under the running system: reboot or restart the container"}
        reason = "no GPU: " if none else ""
        row = collection_row(
            now,
            source=SOURCE,
            target=self._identity.resource_id,
            ok=none,
            reason=f"{reason}{shown(fatal['name'])}{advice.get(fatal['code'], '')}",
            duration_s=took_s,
            rows=0,
        )
        return Reading(collections=[row])

    def _rows(self, gpu: Mapping[str, Any], at_s: float) -> list[Row]:
        device = f"gpu{gpu['index']}"
        errors: Row = {"gpu_xid_code": float(_worst(gpu["xids"]))} if gpu.get("xids") else {}
        if "lost" in gpu:
            return [{"device": device, "up_pct": 0.0, **errors}]
        row: Row = {"device": device, "up_pct": 100.0, **errors, **_memory(gpu.get("memory"))}
        row |= _performance(gpu)
        for name, field in (("gpu_utilization_pct", "gpu_pct"), ("gpu_memory_controller_pct", "memory_controller_pct")):
            if "utilization" in gpu:
                row[name] = gpu["utilization"].get(field)
        row |= {name: _scaled(gpu[field], factor) for field, (name, factor) in _GAUGES.items() if field in gpu}
        for field, (name, factor) in _GROWTH.items():
            if field in gpu:
                most = 1000 * (2 * row["gpu_power_limit_w"] if row.get("gpu_power_limit_w") else _MOST_W)
                most = most if field == "energy_mj" else _MOST_ERRORS_PER_S
                delta = self._rates.delta((device, field, gpu["uuid"]), gpu[field], at_s=at_s, most_per_s=most)
                row[name] = None if delta is None else factor * delta.amount
        if "pcie_replays" in gpu:
            series = (device, "pcie_replays", gpu["uuid"])
            row["gpu_link_errors_per_s"] = self._rates.rate(
                series, gpu["pcie_replays"], at_s=at_s, most_per_s=_MOST_ERRORS_PER_S
            )
        for cause, on in gpu.get("throttled", {}).items():
            row[f"gpu_throttled_{cause}_pct"] = 100.0 if on else 0.0
        row |= {name: None for field in gpu.get("errors", {}) for name in _FAILED.get(field, ())}
        instances = [
            {"device": f"{device}.mig{mig['index']}", **_memory(mig.get("memory")), **_performance(mig)}
            for mig in gpu.get("instances", ())
        ]
        return [row, *instances]

    def _fact(self, now: datetime, gpus: Sequence[Mapping[str, Any]]) -> list[Row]:
        identity = self._identity
        models = sorted({gpu["model"] for gpu in gpus if "model" in gpu})
        labels = {"gpu_model": ", ".join(models)} if models else {}
        limits = {tuple(gpu["power_limits_mw"]) for gpu in gpus if "power_limits_mw" in gpu}
        if len(limits) == 1:  # what the board allows; of different boards there is no one answer
            ((least, most),) = limits
            labels |= {"gpu_power_limit_min_w": f"{least / 1000:g}", "gpu_power_limit_max_w": f"{most / 1000:g}"}
        fact: Row = {
            "resource_id": identity.resource_id,
            "source": SOURCE,
            "name": identity.name,
            "type": identity.type,
            "interval_s": identity.interval_s,
            "gpu_count": float(len(gpus)),
            "labels": json.dumps(labels) if labels else None,
        }
        if fact == self._last_fact:
            return []
        self._last_fact = fact
        return [{"ts": now, **fact}]


_GAUGES: Final = {
    "power_mw": ("gpu_power_w", 1e-3),
    "power_limit_mw": ("gpu_power_limit_w", 1e-3),
    "temperature_c": ("gpu_temperature_c", 1.0),
    "memory_temperature_c": ("gpu_memory_temperature_c", 1.0),
    "sm_clock_mhz": ("gpu_sm_clock_mhz", 1.0),
    "memory_clock_mhz": ("gpu_memory_clock_mhz", 1.0),
    "rows_pending": ("gpu_rows_pending_count", 1.0),
}
_GROWTH: Final = {
    "energy_mj": ("gpu_energy_j", 1e-3),
    "ecc_corrected": ("gpu_ecc_corrected_count", 1.0),
    "ecc_uncorrected": ("gpu_ecc_uncorrected_count", 1.0),
}
_GPM: Final = {
    "engine_active_pct": ("gpu_engine_active_pct", 1.0),
    "sm_active_pct": ("gpu_sm_active_pct", 1.0),
    "sm_occupancy_pct": ("gpu_sm_occupancy_pct", 1.0),
    "tensor_active_pct": ("gpu_tensor_active_pct", 1.0),
    "dram_active_pct": ("gpu_dram_active_pct", 1.0),
    "pcie_receive_mib_per_s": ("gpu_pcie_receive_bytes_per_s", 2.0**20),
    "pcie_transmit_mib_per_s": ("gpu_pcie_transmit_bytes_per_s", 2.0**20),
    "nvlink_mib_per_s": ("gpu_nvlink_bytes_per_s", 2.0**20),
}
_FAILED: Final = {
    "memory": ("gpu_memory_used_bytes", "gpu_memory_utilization_pct"),
    **{field: (name,) for field, (name, _) in (_GAUGES | _GROWTH).items()},
}
"""Of a field that answered with an error: the metrics that are unknown then, and not merely unsupported."""
_WORST: Final = ("gpu_temperature_c", "gpu_memory_temperature_c", "gpu_xid_code")
_HARDWARE_XIDS: Final = frozenset({48, 62, 63, 64, 74, 79, 92, 94, 95, 119, 120})
_MOST_W: Final = 2_000.0
_MOST_ERRORS_PER_S: Final = 1e7


def _whole(devices: Sequence[Row]) -> Row:
    """The resource as a whole: means of its GPUs, sums of power and memory, the hottest temperature; no instances.

    A sum of which one part is unknown is unknown; a GPU that is lost or does not support a field is left out.
    """
    parents = [row for row in devices if "." not in row["device"]]
    whole: Row = {}
    for metric in sorted({name for row in parents for name in row if name in CATALOGUE}):
        values = [row[metric] for row in parents if metric in row]
        known = [value for value in values if value is not None]
        if CATALOGUE[metric].adds_up:
            whole[metric] = sum(known) if len(known) == len(values) else None
        elif known:
            whole[metric] = max(known) if metric in _WORST else sum(known) / len(known)
    return whole


def _worst(codes: Sequence[int]) -> int:
    """One code of several: of those that speak of the card rather than of a program, the last one."""
    return ([code for code in codes if code in _HARDWARE_XIDS] or list(codes))[-1]


def _memory(memory: Mapping[str, float] | None) -> Row:
    if not memory or memory["total"] <= 0:
        return {}
    return {
        "gpu_memory_used_bytes": float(memory["used"]),
        "gpu_memory_utilization_pct": min(100.0, 100 * memory["used"] / memory["total"]),
    }


def _performance(gpu: Mapping[str, Any]) -> Row:
    """What GPM says of a card, or of one of its MIG instances."""
    known: Mapping[str, float] = gpu.get("gpm", {})
    return {name: factor * known[field] for field, (name, factor) in _GPM.items() if field in known}


def _trouble(gpu: Mapping[str, Any]) -> str | None:
    if "lost" in gpu:
        return f"gpu{gpu['index']}: {shown(gpu['lost'])}"
    errors: Mapping[str, str] = gpu.get("errors", {})
    return f"gpu{gpu['index']}: {', '.join(f'{k} {shown(v)}' for k, v in sorted(errors.items()))}" if errors else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _open(settings: Settings, identity: Identity) -> GpuReader | None:
    return GpuReader(settings, identity) if settings.enabled else None


COLLECTOR = Collector(Settings, _open)
