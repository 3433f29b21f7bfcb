"""What NVML tells beyond single values: performance between two samples (GPM), its buffers, driver errors (XID).

Run in the child process of `nvml_worker` only; `nvml` is the bindings' module.
"""

from contextlib import suppress
from typing import Any, Final

_MOST_EVENTS: Final = 1_000
GPM: Final = {
    "engine_active_pct": ("GRAPHICS_UTIL",),
    "sm_active_pct": ("SM_UTIL",),
    "sm_occupancy_pct": ("SM_OCCUPANCY",),
    "tensor_active_pct": ("ANY_TENSOR_UTIL",),
    "dram_active_pct": ("DRAM_BW_UTIL",),
    "pcie_receive_mib_per_s": ("PCIE_RX_PER_SEC",),
    "pcie_transmit_mib_per_s": ("PCIE_TX_PER_SEC",),
    "nvlink_mib_per_s": ("NVLINK_TOTAL_RX_PER_SEC", "NVLINK_TOTAL_TX_PER_SEC"),
}
"""Our name -> the GPM metrics whose sum it is."""


class Gpm:
    """GPM of Hopper and newer cards: means over the time between two readings, for 2 ms of CPU and no DCGM."""

    def __init__(self, nvml: Any) -> None:  # noqa: ANN401 - NVML's bindings carry no types
        self._nvml = nvml
        self._samples: dict[str, Any] = {}

    def read(self, uuid: str, handle: Any, instance: int | None = None) -> dict[str, float]:  # noqa: ANN401
        """What happened since the reading before; nothing at the first one. A card without GPM raises NotSupported.

        `handle` is the card's, also where the question is of one of its MIG instances.
        """
        nvml = self._nvml
        if uuid not in self._samples and not nvml.nvmlGpmQueryDeviceSupport(handle).isSupportedDevice:
            raise nvml.NVMLError(nvml.NVML_ERROR_NOT_SUPPORTED)
        sample = nvml.nvmlGpmSampleAlloc()
        try:
            if instance is None:
                nvml.nvmlGpmSampleGet(handle, sample)
            else:
                nvml.nvmlGpmMigSampleGet(handle, instance, sample)
        except nvml.NVMLError:
            nvml.nvmlGpmSampleFree(sample)
            raise
        before, self._samples[uuid] = self._samples.get(uuid), sample
        if before is None:
            return {}
        try:
            return self._between(before, sample)
        finally:
            nvml.nvmlGpmSampleFree(before)

    def _between(self, before: Any, sample: Any) -> dict[str, float]:  # noqa: ANN401
        nvml = self._nvml
        names = [name for group in GPM.values() for name in group]
        question = nvml.c_nvmlGpmMetricsGet_t()
        question.version, question.numMetrics = nvml.NVML_GPM_METRICS_GET_VERSION, len(names)
        question.sample1, question.sample2 = before, sample
        for place, name in enumerate(names):
            question.metrics[place].metricId = getattr(nvml, f"NVML_GPM_METRIC_{name}")
        answer = nvml.nvmlGpmMetricsGet(question)
        known = {
            name: float(answer.metrics[place].value)
            for place, name in enumerate(names)
            if answer.metrics[place].nvmlReturn == nvml.NVML_SUCCESS
        }
        return {
            ours: sum(known[name] for name in group)
            for ours, group in GPM.items()
            if all(name in known for name in group)
        }


class Buffers:
    """NVML's own buffers of utilisation, some samples a second: what was between two readings, not one moment of it.

    A buffer holds about 24 s (200 ms a sample on an H100): of a longer time it tells the last part.
    """

    def __init__(self, nvml: Any) -> None:  # noqa: ANN401
        self._nvml = nvml
        self._seen: dict[tuple[str, str], int] = {}

    def read(self, uuid: str, handle: Any) -> dict[str, float]:  # noqa: ANN401
        """The mean since the reading before, in percent; nothing at the first one, nor where nothing is new."""
        nvml, found = self._nvml, dict[str, float]()
        kinds = {
            "gpu_pct": nvml.NVML_GPU_UTILIZATION_SAMPLES,
            "memory_controller_pct": nvml.NVML_MEMORY_UTILIZATION_SAMPLES,
        }
        for name, kind in kinds.items():
            seen = self._seen.get((uuid, name))
            try:
                _, samples = nvml.nvmlDeviceGetSamples(handle, kind, seen or 0)
            except nvml.NVMLError as error:
                if getattr(error, "value", None) == nvml.NVML_ERROR_NOT_FOUND:
                    continue  # nothing was sampled since
                raise
            new = [one for one in samples if one.timeStamp > (seen or 0)]
            if new:
                self._seen[uuid, name] = max(int(one.timeStamp) for one in new)
            if new and seen is not None:
                found[name] = sum(float(one.sampleValue.uiVal) for one in new) / len(new)
        return found


class Xids:
    """Driver errors (XID) through NVML's event set; a card or driver without events just has none."""

    def __init__(self, nvml: Any) -> None:  # noqa: ANN401
        self._nvml = nvml
        self._set: Any = None
        self._tried: set[str] = set()

    def listen(self, uuid: str, handle: Any) -> None:  # noqa: ANN401
        """Asks for the errors of a device, once in the process's life."""
        if uuid in self._tried:
            return
        self._tried.add(uuid)
        with suppress(self._nvml.NVMLError):
            self._set = self._set or self._nvml.nvmlEventSetCreate()
            self._nvml.nvmlDeviceRegisterEvents(handle, self._nvml.nvmlEventTypeXidCriticalError, self._set)

    def since(self) -> dict[str, list[int]]:
        """The codes that came since this was asked last, by the device's UUID, in order."""
        nvml, found = self._nvml, dict[str, list[int]]()
        if self._set is None:
            return found
        with suppress(nvml.NVMLError):  # a timeout says that no more have come
            for _ in range(_MOST_EVENTS):
                event = nvml.nvmlEventSetWait_v2(self._set, 0)
                uuid = nvml.nvmlDeviceGetUUID(event.device)
                name = uuid.decode(errors="replace") if isinstance(uuid, bytes) else str(uuid)
                found.setdefault(name, []).append(int(event.eventData))
        return found
