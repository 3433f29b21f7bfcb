"""Two cards, as the exporters of GPUs tell of them: one busy, one nearly idle."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.recorded.written.shapes import Family, Labels, counter, gauge

BUSY, IDLE = 0, 1
CARDS = ("GPU-5f2c1d7e-0000", "GPU-81aa0b34-1111")
# quantity: (of the busy card, of the idle one), in the catalogue's own units
CARD: Mapping[str, tuple[float, float]] = {
    "util": (92.0, 4.0),
    "controller": (61.0, 2.0),
    "sm": (1755.0, 345.0),
    "memory_clock": (2619.0, 1593.0),
    "temperature": (67.0, 31.0),
    "memory_temperature": (81.0, 38.0),
    "power": (655.0, 72.0),
    "limit": (700.0, 700.0),
    "energy": (4.0e5, 1.6e5),
    "used": (60.0 * 2**30, 2.0 * 2**30),
    "total": (80.0 * 2**30, 80.0 * 2**30),
    "replays": (120.0, 0.0),
    "rx": (9.0e9, 1.0e6),
    "tx": (3.0e9, 2.0e6),
    "nvlink_rx": (4.0e10, 0.0),
    "nvlink_tx": (3.0e10, 0.0),
    "engine": (92.0, 4.0),
    "sm_active": (81.0, 1.0),
    "occupancy": (33.0, 0.5),
    "tensor": (44.0, 0.0),
    "dram": (52.0, 0.25),
    "corrected": (8.0, 0.0),
    "uncorrected": (0.0, 0.0),
    "xid": (0.0, 0.0),
}
MIB = 1.0 / 2**20


@dataclass(frozen=True)
class Dcgm:
    """One release, or one way to run it: its names, its families, and what it says of each card beside."""

    families: Mapping[str, tuple[str, str, float]]
    more: Labels
    host: str = "Hostname"
    uuid: str = "UUID"
    pods: tuple[str, ...] = ()

    def told(self) -> Iterator[Family]:
        """Its payload; where several pods share a card, each series is told once for each of them."""
        for name, (quantity, kind, factor) in self.families.items():
            samples: list[tuple[Labels, float]] = []
            for card, uuid in enumerate(CARDS):
                labels = {"gpu": card, self.uuid: uuid, "device": f"nvidia{card}", **self.more, self.host: "n1"}
                value = CARD[quantity][card] * factor if quantity != "free" else _free(card) * factor
                samples += [({**labels, **_pod(pod)}, value) for pod in self.pods or ("",)]
            yield (counter if kind == "counter" else gauge)(name, *samples)


def _free(card: int) -> float:
    return CARD["total"][card] - CARD["used"][card]


def _pod(name: str) -> dict[str, str]:
    return {"namespace": "train", "pod": name, "container": "main"} if name else {}


FIRST: Mapping[str, tuple[str, str, float]] = {
    "DCGM_FI_DEV_SM_CLOCK": ("sm", "gauge", 1.0),
    "DCGM_FI_DEV_MEM_CLOCK": ("memory_clock", "gauge", 1.0),
    "DCGM_FI_DEV_MEMORY_TEMP": ("memory_temperature", "gauge", 1.0),
    "DCGM_FI_DEV_GPU_TEMP": ("temperature", "gauge", 1.0),
    "DCGM_FI_DEV_POWER_USAGE": ("power", "gauge", 1.0),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("energy", "counter", 1e3),
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": ("replays", "counter", 1.0),
    "DCGM_FI_DEV_MEM_COPY_UTIL": ("controller", "gauge", 1.0),
    "DCGM_FI_DEV_XID_ERRORS": ("xid", "gauge", 1.0),
    "DCGM_FI_DEV_FB_FREE": ("free", "gauge", MIB),
    "DCGM_FI_DEV_FB_USED": ("used", "gauge", MIB),
}
UTIL = {"DCGM_FI_DEV_GPU_UTIL": ("util", "gauge", 1.0)}
PCIE = {
    "DCGM_FI_PROF_PCIE_TX_BYTES": ("tx", "gauge", 1.0),
    "DCGM_FI_PROF_PCIE_RX_BYTES": ("rx", "gauge", 1.0),
}
PROFILED = {
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": ("engine", "gauge", 0.01),
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": ("tensor", "gauge", 0.01),
    "DCGM_FI_PROF_DRAM_ACTIVE": ("dram", "gauge", 0.01),
}
ALL_PROFILED = {
    **PROFILED,
    "DCGM_FI_PROF_SM_ACTIVE": ("sm_active", "gauge", 0.01),
    "DCGM_FI_PROF_SM_OCCUPANCY": ("occupancy", "gauge", 0.01),
    "DCGM_FI_PROF_NVLINK_RX_BYTES": ("nvlink_rx", "gauge", 1.0),
    "DCGM_FI_PROF_NVLINK_TX_BYTES": ("nvlink_tx", "gauge", 1.0),
}
ERRORS = {
    "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL": ("corrected", "counter", 1.0),
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": ("uncorrected", "counter", 1.0),
}
OLDEST = {
    "dcgm_sm_clock": ("sm", "gauge", 1.0),
    "dcgm_memory_clock": ("memory_clock", "gauge", 1.0),
    "dcgm_memory_temp": ("memory_temperature", "gauge", 1.0),
    "dcgm_gpu_temp": ("temperature", "gauge", 1.0),
    "dcgm_power_usage": ("power", "gauge", 1.0),
    "dcgm_total_energy_consumption": ("energy", "counter", 1e3),
    "dcgm_pcie_replay_counter": ("replays", "counter", 1.0),
    "dcgm_gpu_utilization": ("util", "gauge", 1.0),
    "dcgm_mem_copy_utilization": ("controller", "gauge", 1.0),
    "dcgm_xid_errors": ("xid", "gauge", 1.0),
    "dcgm_fb_free": ("free", "gauge", MIB),
    "dcgm_fb_used": ("used", "gauge", MIB),
    "dcgm_fi_prof_gr_engine_active": ("engine", "gauge", 0.01),
    "dcgm_fi_prof_pipe_tensor_active": ("tensor", "gauge", 0.01),
    "dcgm_fi_prof_dram_active": ("dram", "gauge", 0.01),
    "dcgm_fi_prof_pcie_tx_bytes": ("tx", "counter", 1.0),
    "dcgm_fi_prof_pcie_rx_bytes": ("rx", "counter", 1.0),
}
NEWEST = {
    "DCGM_FI_DEV_SM_CLOCK_HERTZ": ("sm", "gauge", 1e6),
    "DCGM_FI_DEV_MEMORY_CLOCK_HERTZ": ("memory_clock", "gauge", 1e6),
    "DCGM_FI_DEV_MEMORY_TEMP_CELSIUS": ("memory_temperature", "gauge", 1.0),
    "DCGM_FI_DEV_GPU_TEMP_CELSIUS": ("temperature", "gauge", 1.0),
    "DCGM_FI_DEV_BOARD_POWER_WATTS": ("power", "gauge", 1.0),
    "DCGM_FI_DEV_BOARD_POWER_LIMIT_ENFORCED_WATTS": ("limit", "gauge", 1.0),
    "DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL": ("energy", "counter", 1.0),
    "DCGM_FI_DEV_PCIE_REPLAY_TOTAL": ("replays", "counter", 1.0),
    "DCGM_FI_DEV_GPU_UTIL_RATIO": ("util", "gauge", 0.01),
    "DCGM_FI_DEV_MEMORY_UTIL_RATIO": ("controller", "gauge", 0.01),
    "DCGM_FI_DEV_XID_ERROR": ("xid", "gauge", 1.0),
    "DCGM_FI_DEV_FB_FREE_BYTES": ("free", "gauge", 1.0),
    "DCGM_FI_DEV_FB_USED_BYTES": ("used", "gauge", 1.0),
    "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO": ("engine", "gauge", 0.01),
    "DCGM_FI_PROF_TENSOR_UTIL_RATIO": ("tensor", "gauge", 0.01),
    "DCGM_FI_PROF_DRAM_UTIL_RATIO": ("dram", "gauge", 0.01),
    "DCGM_FI_PROF_PCIE_TX_BYTES": ("tx", "gauge", 1.0),
    "DCGM_FI_PROF_PCIE_RX_BYTES": ("rx", "gauge", 1.0),
}
_MODEL = {"modelName": "NVIDIA H100 80GB HBM3"}
_DRIVEN = {**_MODEL, "DCGM_FI_DRIVER_VERSION": "535.183.01"}
_BUS = {"pci_bus_id": "00000000:18:00.0", **_DRIVEN}
_DRA = {
    **_BUS,
    "dra_claim_name": "train-claim",
    "dra_claim_namespace": "train",
    "dra_driver_name": "gpu.nvidia.com",
    "dra_pool_name": "n1",
    "dra_device_name": "gpu-0",
}
DCGM: Mapping[str, Dcgm] = {
    "1.7-names": Dcgm(OLDEST, {}, uuid="uuid"),
    "2.4.1": Dcgm(FIRST, _MODEL),
    "2.6.0": Dcgm({**FIRST, **UTIL}, _MODEL),
    "2.6.10": Dcgm({**FIRST, **UTIL}, _DRIVEN),
    "3.1.2": Dcgm({**FIRST, **UTIL, **PROFILED}, _DRIVEN),
    "3.1.7-pods": Dcgm({**FIRST, **UTIL}, _DRIVEN, pods=("train-a", "train-b")),
    "3.2.0": Dcgm({**FIRST, **UTIL, **ERRORS}, _DRIVEN),
    "3.3.1": Dcgm({**FIRST, **UTIL, **ALL_PROFILED}, _DRIVEN),
    "3.4.2": Dcgm({**FIRST, **UTIL}, {"pci_bus_id": "00000000:18:00.0", **_DRIVEN}),
    "3.5.0": Dcgm({**FIRST, **UTIL, **{name: (q, "counter", f) for name, (q, _, f) in PCIE.items()}}, _BUS),
    "3.6.1": Dcgm({**FIRST, **UTIL, **PCIE, **PROFILED}, _BUS, pods=("notebook-1",)),
    "4.0.1": Dcgm({**FIRST, **UTIL, **PCIE, **PROFILED}, _BUS),
    "4.1.3-hpc": Dcgm({**FIRST, **UTIL, **PCIE, **PROFILED}, {**_BUS, "hpc_job": "11872"}),
    "4.4.0": Dcgm({**FIRST, **UTIL, **PCIE, **ALL_PROFILED}, _BUS),
    "4.5.2-slices": Dcgm({**FIRST, **UTIL, **PCIE, **PROFILED}, _BUS, pods=("a", "b", "c")),
    "4.6.0-dra": Dcgm({**FIRST, **UTIL, **PCIE, **PROFILED}, _DRA),
    "4.8.2": Dcgm({**FIRST, **UTIL, **PCIE, **PROFILED, **ERRORS}, _BUS),
    "4.9.0": Dcgm(NEWEST, {**_MODEL, "DCGM_FI_SYSTEM_DRIVER_VERSION": "580.95.05"}, host="hostname"),
}
"""Families and labels after the exporter's own lists of counters of these releases."""


def amd(release: str) -> list[Family]:
    """AMD's device-metrics-exporter: percent, watts, micro-joules, MiB."""

    def name(family: str) -> str:
        return family.upper() if "upper" in release else f"amd_{family}" if "prefix" in release else family

    power = "gpu_average_package_power" if release == "1.1.0" else "gpu_package_power"
    labels = [{"gpu_id": n, "hostname": "n1", "card_model": "MI300X", "serial_number": f"69240{n}"} for n in (0, 1)]
    if release >= "1.2":
        labels = [{**one, "gpu_partition_id": 0, "gpu_compute_partition_type": "spx"} for one in labels]
    if release == "1.3.1-slurm":
        labels = [{**one, "job_id": "771", "job_user": "lee", "pod": ""} for one in labels]

    def told(family: str, quantity: str, factor: float = 1.0, **more: object) -> Family:
        return gauge(name(family), *(({**one, **more}, CARD[quantity][n] * factor) for n, one in enumerate(labels)))

    found = [
        told("gpu_gfx_activity", "util"),
        told("gpu_umc_activity", "controller"),
        told(power, "power"),
        told("gpu_junction_temperature", "temperature"),
        told("gpu_memory_temperature", "memory_temperature"),
        told("gpu_used_vram", "used", MIB),
        told("gpu_total_vram", "total", MIB),
        told("gpu_clock", "sm", clock_type="system", clock_index=0),
        counter(name("gpu_energy_consumed"), *((one, CARD["energy"][n] * 1e6) for n, one in enumerate(labels))),
    ]
    if release >= "1.4":
        found += [told("gpu_prof_sm_active", "sm_active"), told("gpu_prof_tensor_active_percent", "tensor")]
        found += [
            counter(name(f"gpu_ecc_{kind}_total"), *((one, CARD[of][n]) for n, one in enumerate(labels)))
            for kind, of in (("correct", "corrected"), ("uncorrect", "uncorrected"))
        ]
    return found


AMD = ("1.0.0-upper", "1.1.0", "1.2.1", "1.3.1-slurm", "1.4.2", "1.5.1-prefix")


def intel(release: str) -> list[Family]:
    """Intel's XPU Manager: ratios from 0 to 1; a card of two GPUs tells the power of both once more."""
    own = [
        {"uuid": uuid, "dev_name": "Max 1550", "pci_bdf": f"0000:{29 + n}:00.0", "vendor": "Intel(R) Corporation"}
        for n, uuid in enumerate(CARDS)
    ]
    own = [{**one, "node": "n1", "kube_pod": "t", "kube_container": "c"} for one in own] if "kube" in release else own
    whole: list[tuple[Labels, float]] = [({"card": 2147483648}, sum(CARD["power"]))] if release < "1.2.3" else []

    def told(family: str, quantity: str, factor: float = 1.0, **more: object) -> Family:
        return gauge(family, *(({**one, **more}, CARD[quantity][n] * factor) for n, one in enumerate(own)))

    power = told("xpum_power_watts", "power")
    energy = "xpum_energy_joules_total" if release >= "1.2.3" else "xpum_energy_joules"
    return [
        told("xpum_engine_ratio", "util", 0.01),
        told("xpum_engine_group_ratio", "util", 0.01, type="compute"),
        Family(power.name, power.kind, (*power.samples, *(("", *one) for one in whole))),
        told("xpum_temperature_celsius", "temperature", location="gpu"),
        told("xpum_frequency_mhz", "sm", location="gpu", type="actual"),
        told("xpum_memory_used_bytes", "used"),
        counter(energy, *((one, CARD["energy"][n]) for n, one in enumerate(own))),
    ]


INTEL = ("1.1.0", "1.2.3", "1.2.38-kube", "1.3.0")


def nvidia_smi(release: str) -> list[Family]:
    """nvidia_gpu_exporter: what nvidia-smi says, in base units."""

    def told(family: str, quantity: str, factor: float = 1.0) -> Family:
        cards = ((CARDS[n].removeprefix("GPU-"), CARD[quantity][n] * factor) for n in (0, 1))
        return gauge(f"nvidia_smi_{family}", *(({"uuid": uuid}, value) for uuid, value in cards))

    power = "power_draw_average_watts" if release >= "1.4" else "power_draw_watts"
    return [
        told("utilization_gpu_ratio", "util", 0.01),
        told("utilization_memory_ratio", "controller", 0.01),
        told("memory_used_bytes", "used"),
        told("memory_total_bytes", "total"),
        told(power, "power"),
        told("enforced_power_limit_watts", "limit"),
        told("temperature_gpu", "temperature"),
        told("temperature_memory", "memory_temperature"),
        told("clocks_current_sm_clock_hz", "sm", 1e6),
        told("clocks_current_memory_clock_hz", "memory_clock", 1e6),
    ]


NVIDIA_SMI = ("0.5.0", "1.2.1", "1.4.0")
