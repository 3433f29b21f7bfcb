"""The catalogue of metrics: every quantity that Plimsoll stores, with its unit, its place and its worse direction.

Adding a metric is adding one entry here: it becomes a column of `samples`, a name in `config.toml`'s load lines, a row of
the reference. Names follow the field's own terms and end in their unit.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from plimsoll.units import Unit

P, N, B, BPS, BIT, R, MS = (
    Unit.PERCENT,
    Unit.COUNT,
    Unit.BYTES,
    Unit.BYTES_PER_SECOND,
    Unit.BITS_PER_SECOND,
    Unit.PER_SECOND,
    Unit.MILLISECONDS,
)


class Component(StrEnum):
    """The part of a resource that a metric speaks of."""

    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"
    DISK = "disk"
    STORAGE = "storage"
    NETWORK = "network"
    SERVICE = "service"
    TRAINING = "training"
    PROBE = "probe"


class Worse(StrEnum):
    """The direction in which a reading gets worse; `NEITHER` where more is not better or worse by itself."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: `samples` has a nullable column of this name.

    `exact` keeps Float64 where Float32's 24 bits would lose bytes or counts. `low` and `high` bound what can be true of
    one device: a reading outside is refused at the door, alone. `limit` names the metric of the same device that says
    more: (its name, how many times it). `label` is what people read.
    """

    name: str
    unit: Unit
    component: Component
    worse: Worse
    label: str
    meaning: str
    low: float | None = 0.0
    high: float | None = None
    exact: bool = False
    limit: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        if not self.name.endswith(f"_{self.unit}"):
            raise ValueError(f"metric {self.name} must end in its unit _{self.unit}")

    @property
    def adds_up(self) -> bool:
        """Whether a resource's value is the sum of its devices' values."""
        return self.unit in _ADD_UP

    @property
    def most(self) -> float | None:
        """What a resource as a whole can have: of what adds up, as much as ten thousand devices."""
        return self.high if self.high is None or not self.adds_up else MOST_DEVICES * self.high


MOST_DEVICES: Final = 10_000
_ADD_UP: Final = frozenset(
    {Unit.COUNT, Unit.BYTES, Unit.BYTES_PER_SECOND, Unit.BITS_PER_SECOND, Unit.PER_SECOND, Unit.WATTS, Unit.JOULES}
)
_BOUNDS: Final[dict[Unit, tuple[float, float]]] = {
    Unit.PERCENT: (0.0, 100.0),
    Unit.COUNT: (0.0, 1e12),
    Unit.BYTES: (0.0, 1e18),  # an exabyte
    Unit.BYTES_PER_SECOND: (0.0, 2e13),  # more than the memory of a card moves
    Unit.BITS_PER_SECOND: (0.0, 16e12),
    Unit.PER_SECOND: (0.0, 1e12),
    Unit.MILLISECONDS: (0.0, 1e11),  # three years
    Unit.SECONDS: (0.0, 1e8),
    Unit.WATTS: (0.0, 2_000.0),  # a card, where its own limit is unknown
    Unit.JOULES: (0.0, 2_000.0 * 86_400),  # such a card in a day
    Unit.CELSIUS: (-50.0, 150.0),
    Unit.MEGAHERTZ: (0.0, 40_000.0),
    Unit.CODE: (0.0, 99_999.0),
    Unit.DAYS: (-36_525.0, 36_525.0),  # a certificate can be expired
}


def _m(
    name: str,
    unit: Unit,
    component: Component,
    worse: Worse,
    label: str,
    meaning: str,
    *,
    exact: bool = False,
    limit: tuple[str, float] | None = None,
) -> Metric:
    low, high = _BOUNDS[unit]
    return Metric(name, unit, component, worse, label, meaning, low=low, high=high, exact=exact, limit=limit)


_C, _U, _D, _0 = Component, Worse.UP, Worse.DOWN, Worse.NEITHER

_ALL: Final = (
    # processor
    _m("cpu_utilization_pct", P, _C.CPU, _U, "CPU utilization", "busy share of all processor time"),
    _m("cpu_iowait_pct", P, _C.CPU, _U, "CPU waiting for I/O", "share of processor time idle while I/O was pending"),
    _m("cpu_steal_pct", P, _C.CPU, _U, "CPU stolen", "share of processor time taken by the hypervisor"),
    _m(
        "cpu_throttled_pct",
        P,
        _C.CPU,
        _U,
        "CPU throttled",
        "share of time in which the container's CPU quota was used up",
    ),
    _m("load_average_count", N, _C.CPU, _U, "load average", "runnable and uninterruptible tasks, one-minute mean"),
    _m("processes_count", N, _C.CPU, _0, "processes", "processes that exist"),
    # memory
    _m("memory_utilization_pct", P, _C.MEMORY, _U, "memory utilization", "used share of memory, caches not counted"),
    _m("memory_used_bytes", B, _C.MEMORY, _U, "memory used", "memory in use, caches not counted", exact=True),
    _m(
        "memory_available_bytes",
        B,
        _C.MEMORY,
        _D,
        "memory available",
        "memory that can be had without swapping",
        exact=True,
    ),
    _m("swap_used_bytes", B, _C.MEMORY, _U, "swap used", "memory moved out to disk", exact=True),
    # disks
    _m("disk_read_bytes_per_s", BPS, _C.DISK, _0, "disk read", "bytes read from block devices"),
    _m("disk_write_bytes_per_s", BPS, _C.DISK, _0, "disk written", "bytes written to block devices"),
    _m("disk_read_operations_per_s", R, _C.DISK, _0, "disk reads", "read operations completed"),
    _m("disk_write_operations_per_s", R, _C.DISK, _0, "disk writes", "write operations completed"),
    _m("disk_busy_pct", P, _C.DISK, _U, "disk busy", "share of time with at least one operation under way"),
    _m("disk_latency_ms", MS, _C.DISK, _U, "disk latency", "mean time of one operation, queueing included"),
    # filled space
    _m("storage_utilization_pct", P, _C.STORAGE, _U, "used space", "used share of the space that users can have"),
    _m("storage_used_bytes", B, _C.STORAGE, _U, "used space", "space in use", exact=True),
    _m("storage_inodes_utilization_pct", P, _C.STORAGE, _U, "used inodes", "used share of the file system's inodes"),
    # network
    _m("network_receive_bits_per_s", BIT, _C.NETWORK, _0, "network in", "bits received"),
    _m("network_transmit_bits_per_s", BIT, _C.NETWORK, _0, "network out", "bits sent"),
    _m("network_utilization_pct", P, _C.NETWORK, _U, "link utilization", "busier direction against the link's speed"),
    _m("network_latency_ms", MS, _C.NETWORK, _U, "network latency", "round trip measured by a probe"),
    _m("network_errors_per_s", R, _C.NETWORK, _U, "network errors", "packets received or sent with an error"),
    _m("network_drops_per_s", R, _C.NETWORK, _U, "network drops", "packets dropped"),
    _m("network_retransmits_per_s", R, _C.NETWORK, _U, "retransmits", "TCP segments sent again"),
    _m("infiniband_receive_bits_per_s", BIT, _C.NETWORK, _0, "InfiniBand in", "bits received over the fabric's ports"),
    _m("infiniband_transmit_bits_per_s", BIT, _C.NETWORK, _0, "InfiniBand out", "bits sent over the fabric's ports"),
    # GPU
    _m("gpu_utilization_pct", P, _C.GPU, _U, "GPU utilization", "share of time in which the GPU had work"),
    _m("gpu_memory_utilization_pct", P, _C.GPU, _U, "GPU memory", "used share of GPU memory"),
    _m("gpu_memory_used_bytes", B, _C.GPU, _U, "GPU memory used", "GPU memory in use", exact=True),
    _m(
        "gpu_memory_controller_pct",
        P,
        _C.GPU,
        _U,
        "GPU memory controller",
        "share of time the memory controller was busy",
    ),
    _m(
        "gpu_engine_active_pct",
        P,
        _C.GPU,
        _U,
        "GPU engine active",
        "share of time a graphics or compute engine was active",
    ),
    _m("gpu_sm_active_pct", P, _C.GPU, _U, "SM active", "mean share of multiprocessors with at least one warp"),
    _m("gpu_sm_occupancy_pct", P, _C.GPU, _0, "SM occupancy", "resident warps against the most that could be"),
    _m("gpu_tensor_active_pct", P, _C.GPU, _0, "tensor cores active", "share of cycles the tensor pipe was busy"),
    _m("gpu_dram_active_pct", P, _C.GPU, _U, "GPU memory bandwidth", "share of cycles GPU memory was moving data"),
    _m(
        "gpu_power_w",
        Unit.WATTS,
        _C.GPU,
        _U,
        "GPU power",
        "electric power drawn",
        limit=("gpu_power_limit_w", 2.0),
    ),
    _m("gpu_power_limit_w", Unit.WATTS, _C.GPU, _0, "GPU power limit", "the limit that the driver enforces"),
    _m("gpu_energy_j", Unit.JOULES, _C.GPU, _0, "GPU energy", "energy used since the reading before", exact=True),
    _m("gpu_temperature_c", Unit.CELSIUS, _C.GPU, _U, "GPU temperature", "temperature of the die"),
    _m("gpu_memory_temperature_c", Unit.CELSIUS, _C.GPU, _U, "GPU memory temperature", "temperature of the memory"),
    _m("gpu_sm_clock_mhz", Unit.MEGAHERTZ, _C.GPU, _D, "GPU clock", "clock of the multiprocessors"),
    _m("gpu_memory_clock_mhz", Unit.MEGAHERTZ, _C.GPU, _D, "GPU memory clock", "clock of the memory"),
    _m("gpu_throttled_thermal_pct", P, _C.GPU, _U, "GPU throttled by heat", "share of time slowed down by temperature"),
    _m(
        "gpu_throttled_power_pct",
        P,
        _C.GPU,
        _U,
        "GPU throttled by power",
        "share of time slowed down by the power limit",
    ),
    _m(
        "gpu_throttled_hardware_pct",
        P,
        _C.GPU,
        _U,
        "GPU throttled by hardware",
        "share of time slowed by a hardware brake",
    ),
    _m("gpu_ecc_corrected_count", N, _C.GPU, _U, "ECC corrected", "memory errors corrected since the reading before"),
    _m(
        "gpu_ecc_uncorrected_count",
        N,
        _C.GPU,
        _U,
        "ECC uncorrected",
        "memory errors not corrected since the reading before",
    ),
    _m("gpu_rows_pending_count", N, _C.GPU, _U, "rows to remap", "memory rows that wait for a reset to be remapped"),
    _m("gpu_xid_code", Unit.CODE, _C.GPU, _0, "XID", "code of a driver error at the moment it appeared"),
    _m("gpu_pcie_receive_bytes_per_s", BPS, _C.GPU, _0, "PCIe in", "bytes moved to the GPU"),
    _m("gpu_pcie_transmit_bytes_per_s", BPS, _C.GPU, _0, "PCIe out", "bytes moved from the GPU"),
    _m("gpu_nvlink_bytes_per_s", BPS, _C.GPU, _0, "NVLink", "bytes moved between GPUs, both directions"),
    _m("gpu_link_errors_per_s", R, _C.GPU, _U, "link errors", "PCIe replays and NVLink errors"),
    # services
    _m("response_time_ms", MS, _C.SERVICE, _U, "response time", "mean time to answer a request"),
    _m("response_time_p95_ms", MS, _C.SERVICE, _U, "response time p95", "95th percentile of the interval"),
    _m("response_time_p99_ms", MS, _C.SERVICE, _U, "response time p99", "99th percentile of the interval"),
    _m("time_to_first_token_ms", MS, _C.SERVICE, _U, "time to first token", "mean wait until an answer begins"),
    _m("inter_token_latency_ms", MS, _C.SERVICE, _U, "time per token", "mean time between two tokens of an answer"),
    _m("queue_time_ms", MS, _C.SERVICE, _U, "time in queue", "mean wait before the work on a request begins"),
    _m("throughput_per_s", R, _C.SERVICE, _D, "throughput", "requests answered, successful or not"),
    _m("error_rate_pct", P, _C.SERVICE, _U, "errors", "failed share of all requests"),
    _m("retries_per_s", R, _C.SERVICE, _U, "retries", "requests that were sent again"),
    _m("queue_depth_count", N, _C.SERVICE, _U, "queue depth", "requests or jobs that wait"),
    _m(
        "queue_held_count",
        N,
        _C.SERVICE,
        _0,
        "held in the queue",
        "jobs that wait for something else than room: a dependency, a hold, a time",
    ),
    _m(
        "queue_fragmented_count",
        N,
        _C.SERVICE,
        _U,
        "waiting for GPUs of one node",
        "jobs that wait though enough GPUs are free, because no one node has enough",
    ),
    _m("running_count", N, _C.SERVICE, _0, "running", "requests or jobs under way"),
    _m("batch_size_count", N, _C.SERVICE, _0, "batch size", "mean requests worked on together"),
    _m("kv_cache_utilization_pct", P, _C.SERVICE, _U, "KV cache", "used share of the attention cache"),
    _m("prefix_cache_hit_pct", P, _C.SERVICE, _D, "prefix cache hits", "share of prompt tokens found in the cache"),
    _m("preemptions_per_s", R, _C.SERVICE, _U, "preemptions", "requests put back for want of cache"),
    _m("prompt_tokens_per_s", R, _C.SERVICE, _0, "prompt tokens", "tokens read"),
    _m("generation_tokens_per_s", R, _C.SERVICE, _D, "generated tokens", "tokens written"),
    _m("replicas_count", N, _C.SERVICE, _0, "replicas", "replicas that are ready"),
    _m("cold_start_ms", MS, _C.SERVICE, _U, "cold start", "mean time until a new replica answers"),
    # training
    _m("step_time_ms", MS, _C.TRAINING, _U, "step time", "mean time of one training step"),
    _m("input_wait_pct", P, _C.TRAINING, _U, "waiting for input", "share of a step spent waiting for data"),
    _m("training_samples_per_s", R, _C.TRAINING, _D, "samples trained", "training samples consumed"),
    _m(
        "job_limit_used_pct",
        P,
        _C.TRAINING,
        _0,
        "limit used",
        "mean run time of ended jobs, of the limit they asked for",
    ),
    _m("jobs_ended_count", N, _C.TRAINING, _0, "jobs ended", "jobs that ended since the reading before, however"),
    _m("jobs_cancelled_count", N, _C.TRAINING, _0, "jobs cancelled", "of them: cancelled by a person"),
    _m("jobs_preempted_count", N, _C.TRAINING, _U, "jobs preempted", "of them: stopped for a job of higher priority"),
    _m("jobs_timed_out_count", N, _C.TRAINING, _U, "jobs timed out", "of them: ended at their time limit"),
    _m("jobs_node_failed_count", N, _C.TRAINING, _U, "jobs lost with a node", "of them: ended with their node"),
    _m("jobs_out_of_memory_count", N, _C.TRAINING, _U, "jobs out of memory", "of them: ended for want of memory"),
    _m("gpus_allocated_count", N, _C.TRAINING, _0, "GPUs held", "GPUs that a scheduler has given away"),
    _m("gpus_free_count", N, _C.TRAINING, _0, "GPUs free", "GPUs that a scheduler can give away now"),
    _m(
        "gpus_stranded_count",
        N,
        _C.TRAINING,
        _U,
        "GPUs stranded",
        "free GPUs that no job can have: their node is down, drained, or has no processor left",
    ),
    # availability
    _m(
        "up_pct",
        P,
        _C.PROBE,
        _D,
        "up",
        "100 when the source answered that the resource works, 0 when it answered that not",
    ),
    _m("probe_success_pct", P, _C.PROBE, _D, "probe success", "share of probes that succeeded"),
    _m("probe_duration_ms", MS, _C.PROBE, _U, "probe duration", "time of a successful probe, connection included"),
    _m("probe_resolve_ms", MS, _C.PROBE, _U, "probe: name", "time to find the address of the name"),
    _m("probe_connect_ms", MS, _C.PROBE, _U, "probe: connection", "time until the connection stood"),
    _m("probe_tls_ms", MS, _C.PROBE, _U, "probe: TLS", "time until the connection was encrypted"),
    _m(
        "probe_processing_ms",
        MS,
        _C.PROBE,
        _U,
        "probe: first byte",
        "time from the question to the answer's first byte",
    ),
    _m("probe_transfer_ms", MS, _C.PROBE, _U, "probe: transfer", "time from the first byte of the answer to its last"),
    _m("certificate_expiry_days", Unit.DAYS, _C.PROBE, _D, "certificate", "days until the certificate ends"),
)

CATALOGUE: Final = MappingProxyType({metric.name: metric for metric in _ALL})

DOCUMENT_METRICS: Final = MappingProxyType(
    {
        "cpu_utilization": ("cpu_utilization_pct",),
        "memory_utilization": ("memory_utilization_pct",),
        "gpu_utilization": ("gpu_utilization_pct",),
        "disk_io": ("disk_read_bytes_per_s", "disk_write_bytes_per_s"),
        "network_io": ("network_receive_bits_per_s", "network_transmit_bits_per_s"),
        "response_time": ("response_time_ms",),
        "throughput": ("throughput_per_s",),
        "error_rate": ("error_rate_pct",),
        "queue_depth": ("queue_depth_count",),
    }
)
"""The nine metric names of the specification -> the columns whose sum they are."""


def document_name(metric: str) -> str:
    """The name under which the documents speak of a metric: the specification's where it has one, else the column's.

    >>> document_name("gpu_utilization_pct"), document_name("gpu_temperature_c")
    ('gpu_utilization', 'gpu_temperature_c')
    """
    for name, columns in DOCUMENT_METRICS.items():
        if columns == (metric,):
            return name
    return metric
