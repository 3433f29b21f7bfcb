"""The only process that speaks to NVML: a driver that hangs or crashes takes this child, never the collector.

Speaks JSON lines: for each line on standard input one answer `{"gpus": [...]}` or `{"fatal": {"code", "name"}}`.
NVML is not fork-safe after its start, so this file is run as a program of its own.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pynvml as _pynvml

from plimsoll.collectors.nvml_extra import Buffers, Gpm, Xids

Gpu = dict[str, Any]
pynvml: Any = _pynvml  # NVML's bindings carry no types
_EMPTY_SLOT = pynvml.NVML_ERROR_NOT_FOUND
_INVALID_ARGUMENT = pynvml.NVML_ERROR_INVALID_ARGUMENT
_THERMAL = 0x20 | 0x40
_POWER = 0x04
_HARDWARE = 0x08 | 0x80


class Fields:
    """Reads one field after another of one device; remembers what the device does not support, and tells why.

    What a card does not support it may support in another MIG mode: after a change everything is asked for again.
    """

    def __init__(self) -> None:
        self._unsupported: set[tuple[str, str, object]] = set()
        self.gpm, self.xids, self.buffers = Gpm(pynvml), Xids(pynvml), Buffers(pynvml)

    def read(self, gpu: Gpu, field: str, call: Callable[[], Any]) -> None:
        """Puts the value into `gpu`, or its error; an unsupported field is asked for once in each MIG mode."""
        key = (gpu["uuid"], field, gpu.get("mig"))
        if key in self._unsupported and field != "mig":  # the mode is what everything else depends on
            return
        try:
            gpu[field] = call()
        except pynvml.NVMLError as error:
            code = int(getattr(error, "value", pynvml.NVML_ERROR_UNKNOWN))
            if code in _NOT_THERE:
                self._unsupported.add(key)
            elif code in (pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_RESET_REQUIRED):
                gpu["lost"] = str(error)
            else:
                gpu.setdefault("errors", {})[field] = str(error)


_VERSION_MISMATCH = 25
_NOT_THERE = {pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_FUNCTION_NOT_FOUND, _VERSION_MISMATCH}


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _gpu(index: int, fields: Fields) -> Gpu:
    gpu: Gpu = {"index": index, "uuid": f"index-{index}"}
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        gpu["uuid"] = _text(pynvml.nvmlDeviceGetUUID(handle))
        gpu["model"] = _text(pynvml.nvmlDeviceGetName(handle))
    except pynvml.NVMLError as error:
        return {**gpu, "lost": str(error)}
    fields.read(gpu, "mig", lambda: int(pynvml.nvmlDeviceGetMigMode(handle)[0]))
    for name, call in _calls(handle).items():
        fields.read(gpu, name, call)
    if "utilization" in gpu:
        fields.read(gpu, "recent", lambda: fields.buffers.read(gpu["uuid"], handle))
        gpu["utilization"] |= gpu.pop("recent", {})
    fields.read(gpu, "gpm", lambda: fields.gpm.read(gpu["uuid"], handle))
    fields.xids.listen(gpu["uuid"], handle)
    if gpu.get("mig"):
        gpu["instances"] = _instances(handle, fields)
    return gpu


def _calls(handle: Any) -> dict[str, Callable[[], Any]]:  # noqa: ANN401 - NVML's handles are opaque
    nvml = pynvml
    reasons = (
        getattr(nvml, "nvmlDeviceGetCurrentClocksEventReasons", None) or nvml.nvmlDeviceGetCurrentClocksThrottleReasons
    )
    corrected, uncorrected = nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED
    return {
        "utilization": lambda: _utilization(handle),
        "memory": lambda: _memory(handle),
        "power_mw": lambda: nvml.nvmlDeviceGetPowerUsage(handle),
        "power_limit_mw": lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle),
        "power_limits_mw": lambda: [int(one) for one in nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)],
        "energy_mj": lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle),
        "temperature_c": lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),
        "memory_temperature_c": lambda: _memory_temperature(handle),
        "sm_clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
        "memory_clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM),
        "throttled": lambda: _throttled(int(reasons(handle))),
        "ecc_corrected": lambda: nvml.nvmlDeviceGetTotalEccErrors(handle, corrected, nvml.NVML_VOLATILE_ECC),
        "ecc_uncorrected": lambda: nvml.nvmlDeviceGetTotalEccErrors(handle, uncorrected, nvml.NVML_VOLATILE_ECC),
        "rows_pending": lambda: int(nvml.nvmlDeviceGetRemappedRows(handle)[2]),
        "pcie_replays": lambda: nvml.nvmlDeviceGetPcieReplayCounter(handle),
    }


def _utilization(handle: Any) -> dict[str, int]:  # noqa: ANN401
    rates = pynvml.nvmlDeviceGetUtilizationRates(handle)
    return {"gpu_pct": int(rates.gpu), "memory_controller_pct": int(rates.memory)}


def _memory(handle: Any) -> dict[str, int]:  # noqa: ANN401
    """By the newer call, which leaves the driver's own memory out; by the older one where that does not answer."""
    version_2 = getattr(pynvml, "nvmlMemory_v2", None)
    info: Any = None
    if version_2:
        try:
            info = pynvml.nvmlDeviceGetMemoryInfo(handle, version=version_2)
        except pynvml.NVMLError as error:
            # a driver of before 2021 has no such function, says so in different words, or knows no word for it
            if getattr(error, "value", None) not in {*_NOT_THERE, pynvml.NVML_ERROR_UNKNOWN, _INVALID_ARGUMENT}:
                raise
    info = info or pynvml.nvmlDeviceGetMemoryInfo(handle)
    return {"total": int(info.total), "used": int(info.used)}


def _memory_temperature(handle: Any) -> int:  # noqa: ANN401
    """Of the memory itself, where the card has such a sensor."""
    (field,) = pynvml.nvmlDeviceGetFieldValues(handle, [pynvml.NVML_FI_DEV_MEMORY_TEMP])
    if field.nvmlReturn != pynvml.NVML_SUCCESS:
        raise pynvml.NVMLError(field.nvmlReturn)
    return int(field.value.uiVal)


def _throttled(mask: int) -> dict[str, bool]:
    return {"thermal": bool(mask & _THERMAL), "power": bool(mask & _POWER), "hardware": bool(mask & _HARDWARE)}


def _instances(handle: Any, fields: Fields) -> list[Gpu]:  # noqa: ANN401
    """The MIG instances of a GPU; empty slots raise NotFound and are skipped."""
    found: list[Gpu] = []
    for slot in range(int(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle))):
        try:
            instance = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, slot)
        except pynvml.NVMLError as error:
            if getattr(error, "value", None) == _EMPTY_SLOT:
                continue
            raise
        mig: Gpu = {"index": slot, "uuid": _text(pynvml.nvmlDeviceGetUUID(instance))}
        fields.read(mig, "memory", partial(_memory, instance))
        fields.read(mig, "gpm", partial(_instance_gpm, fields, mig["uuid"], handle, instance))
        found.append(mig)
    return found


def _instance_gpm(fields: Fields, uuid: str, handle: Any, instance: Any) -> dict[str, float]:  # noqa: ANN401
    """What one MIG instance did; the question goes to its card."""
    return fields.gpm.read(uuid, handle, int(pynvml.nvmlDeviceGetGpuInstanceId(instance)))


def answer(fields: Fields) -> dict[str, Any]:
    """One reading of all GPUs."""
    count = int(pynvml.nvmlDeviceGetCount())
    gpus = [_gpu(index, fields) for index in range(count)]
    errors = fields.xids.since()
    for gpu in gpus:
        if codes := errors.get(gpu["uuid"]):
            gpu["xids"] = codes
    return {"driver": _text(pynvml.nvmlSystemGetDriverVersion()), "gpus": gpus}


def main() -> None:
    """Answers each line of standard input; ends with it, or when NVML itself fails."""
    fields = Fields()
    try:
        pynvml.nvmlInit()
        for _ in sys.stdin:
            sys.stdout.write(json.dumps(answer(fields)) + "\n")
            sys.stdout.flush()
    except pynvml.NVMLError as error:
        fatal = {"code": int(getattr(error, "value", pynvml.NVML_ERROR_UNKNOWN)), "name": str(error)}
        sys.stdout.write(json.dumps({"fatal": fatal}) + "\n")


if __name__ == "__main__":
    main()
