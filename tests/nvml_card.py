"""A card that plays what was recorded, in the place of NVML's bindings."""

from types import SimpleNamespace
from typing import Any

import pynvml

GPM_NAMES = {
    value: name.removeprefix("NVML_GPM_METRIC_")
    for name, value in vars(pynvml).items()
    if name.startswith("NVML_GPM_METRIC_") and name != "NVML_GPM_METRIC_MAX"
}


def error(code: int) -> Exception:
    """An error of the bindings."""
    made: Exception = pynvml.NVMLError(code)
    return made


class Card(SimpleNamespace):
    """The bindings' own names and numbers, with one card behind them that says what `now` says."""

    def __init__(self, now: dict[str, Any], static: dict[str, Any] | None = None) -> None:
        own = vars(type(self))
        super().__init__(**{k: v for k, v in vars(pynvml).items() if not k.startswith("__") and k not in own})
        self.now = now
        self.static: dict[str, Any] = {
            "name": "Card",
            "mem": 80 << 30,
            "power_limit_mw": 700_000,
            "constraints": [200_000, 700_000],
        }
        self.static |= static or {}
        self.samples = 0
        self.events: list[int] = []
        self.calls: list[str] = []
        self.c_nvmlGpmMetricsGet_t = lambda: SimpleNamespace(metrics=[SimpleNamespace() for _ in range(20)])
        for name in [name for name in vars(type(self)) if name.startswith("nvml")]:
            setattr(self, name, self._counted(name, getattr(self, name)))

    def _counted(self, name: str, call: Any) -> Any:  # noqa: ANN401
        def counting(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            self.calls.append(name)
            if isinstance(self.now.get(name), int):
                raise error(self.now[name])
            return call(*given, **named)

        return counting

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - the bindings' names
        """As the bindings."""
        return 1

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        """As the bindings."""
        return "580.1"

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        """As the bindings."""
        return index

    def nvmlDeviceGetUUID(self, handle: Any) -> str:  # noqa: N802, ANN401
        """As the bindings."""
        return "GPU-1" if isinstance(handle, int) else f"MIG-{handle}"

    def nvmlDeviceGetName(self, _: int) -> str:  # noqa: N802
        """As the bindings."""
        return str(self.static["name"])

    def nvmlDeviceGetMigMode(self, _: int) -> tuple[int, int]:  # noqa: N802
        """As the bindings."""
        if "mig" not in self.now:
            raise error(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return self.now["mig"], self.now["mig"]

    def nvmlDeviceGetMaxMigDeviceCount(self, _: int) -> int:  # noqa: N802
        """As the bindings."""
        return len(self.now.get("instances", {}))

    def nvmlDeviceGetUtilizationRates(self, _: int) -> SimpleNamespace:  # noqa: N802
        """As the bindings."""
        if self.now.get("mig"):
            raise error(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(gpu=self.now["gpu"], memory=self.now["memctl"])

    def nvmlDeviceGetMemoryInfo(self, _: int, version: int | None = None) -> SimpleNamespace:  # noqa: N802
        """As the bindings."""
        if version is not None and self.now.get("v2"):
            raise error(self.now["v2"])
        return SimpleNamespace(total=self.static["mem"], used=self.now["mem"])

    def nvmlDeviceGetPowerUsage(self, _: int) -> int:  # noqa: N802
        """As the bindings."""
        return int(self.now["mw"])

    def nvmlDeviceGetEnforcedPowerLimit(self, _: int) -> int:  # noqa: N802
        """As the bindings."""
        return int(self.static["power_limit_mw"])

    def nvmlDeviceGetPowerManagementLimitConstraints(self, _: int) -> list[int]:  # noqa: N802
        """As the bindings."""
        return list(self.static["constraints"])

    def nvmlDeviceGetTotalEnergyConsumption(self, _: int) -> int:  # noqa: N802
        """As the bindings."""
        return int(self.now["mj"])

    def nvmlDeviceGetTemperature(self, _: int, __: int) -> int:  # noqa: N802
        """As the bindings."""
        return int(self.now["c"])

    def nvmlDeviceGetFieldValues(self, _: int, fields: list[int]) -> list[SimpleNamespace]:  # noqa: N802
        """As the bindings."""
        assert fields == [pynvml.NVML_FI_DEV_MEMORY_TEMP]
        if "memtemp" not in self.now:
            return [SimpleNamespace(nvmlReturn=pynvml.NVML_ERROR_NOT_SUPPORTED)]
        return [SimpleNamespace(nvmlReturn=0, value=SimpleNamespace(uiVal=self.now["memtemp"]))]

    def nvmlDeviceGetClockInfo(self, _: int, __: int) -> int:  # noqa: N802
        """As the bindings."""
        return int(self.now["sm"])

    def nvmlDeviceGetCurrentClocksEventReasons(self, _: int) -> int:  # noqa: N802
        """As the bindings."""
        return int(self.now["reasons"])

    def nvmlDeviceGetTotalEccErrors(self, *_: int) -> int:  # noqa: N802
        """As the bindings."""
        return 0

    def nvmlDeviceGetRemappedRows(self, _: int) -> tuple[int, int, int, int]:  # noqa: N802
        """As the bindings."""
        return 0, 0, 0, 0

    def nvmlDeviceGetPcieReplayCounter(self, _: int) -> int:  # noqa: N802
        """As the bindings."""
        return 0

    def nvmlDeviceGetPcieThroughput(self, *_: int) -> int:  # noqa: N802
        """As the bindings."""
        raise AssertionError("it takes 21 ms")

    def nvmlDeviceGetSamples(self, _: int, kind: int, since_us: int) -> tuple[int, list[SimpleNamespace]]:  # noqa: N802
        """As the bindings."""
        buffer = self.now.get("buffer", [])
        if kind != pynvml.NVML_GPU_UTILIZATION_SAMPLES or not [at for at, _ in buffer if at > since_us]:
            raise error(pynvml.NVML_ERROR_NOT_FOUND)
        values = [(at, SimpleNamespace(uiVal=value)) for at, value in buffer if at > since_us]
        return pynvml.NVML_VALUE_TYPE_UNSIGNED_INT, [SimpleNamespace(timeStamp=at, sampleValue=v) for at, v in values]

    def nvmlDeviceGetMigDeviceHandleByIndex(self, _: int, slot: int) -> str:  # noqa: N802
        """As the bindings."""
        return f"instance {slot}"

    def nvmlDeviceGetGpuInstanceId(self, handle: str) -> int:  # noqa: N802
        """As the bindings."""
        return 7 + int(handle.split()[1])

    def nvmlGpmMigSampleGet(self, _: int, instance: int, sample: SimpleNamespace) -> SimpleNamespace:  # noqa: N802
        """As the bindings."""
        sample.said = self.now["instances"][instance]
        return sample

    def nvmlGpmQueryDeviceSupport(self, _: int) -> SimpleNamespace:  # noqa: N802
        """As the bindings."""
        return SimpleNamespace(isSupportedDevice=int("gpm" in self.now))

    def nvmlGpmSampleAlloc(self) -> SimpleNamespace:  # noqa: N802
        """As the bindings."""
        self.samples += 1
        return SimpleNamespace()

    def nvmlGpmSampleFree(self, _: SimpleNamespace) -> None:  # noqa: N802
        """As the bindings."""
        self.samples -= 1

    def nvmlGpmSampleGet(self, _: int, sample: SimpleNamespace) -> SimpleNamespace:  # noqa: N802
        """As the bindings."""
        sample.said = self.now["gpm"]
        return sample

    def nvmlGpmMetricsGet(self, question: SimpleNamespace) -> SimpleNamespace:  # noqa: N802
        """As the bindings."""
        for metric in question.metrics[: question.numMetrics]:
            value = question.sample2.said.get(GPM_NAMES[metric.metricId], 0.0)
            metric.nvmlReturn = value["error"] if isinstance(value, dict) else 0
            metric.value = 0.0 if isinstance(value, dict) else value
        return question

    def nvmlEventSetCreate(self) -> list[int]:  # noqa: N802
        """As the bindings."""
        return self.events

    def nvmlDeviceRegisterEvents(self, *_: Any) -> None:  # noqa: N802, ANN401
        """As the bindings."""
        return

    def nvmlEventSetWait_v2(self, events: list[int], timeout_ms: int) -> SimpleNamespace:  # noqa: N802
        """As the bindings."""
        assert timeout_ms == 0
        if not events:
            raise error(pynvml.NVML_ERROR_TIMEOUT)
        return SimpleNamespace(device=0, eventData=events.pop(0))
