"""The performance document of the specification as frozen types: exact members, exact spelling."""

import msgspec
from msgspec import UNSET, UnsetType

from plimsoll.documents.base import Document, Severity, TimeRange, Trend


class Overall(Document, frozen=True, kw_only=True):
    """The six numbers at the head of the performance document; null where nothing was measured."""

    health_score: int | None
    performance_score: int | None
    availability_score: float | None
    average_response_time: float | None
    total_throughput: float | None
    error_rate: float | None


class Gauge(Document, frozen=True, kw_only=True):
    """A utilization over the window, in percent."""

    current: float | UnsetType = UNSET
    average: float
    peak: float
    trend: Trend | UnsetType = UNSET


class Network(Document, frozen=True, kw_only=True):
    """A resource's network group: rates as text with their unit, latency in ms."""

    inbound: str | UnsetType = UNSET
    outbound: str | UnsetType = UNSET
    latency: float | UnsetType = UNSET


class Storage(Document, frozen=True, kw_only=True):
    """A resource's storage group: throughput as text with its unit, operations per second."""

    read_throughput: str | UnsetType = UNSET
    write_throughput: str | UnsetType = UNSET
    iops: float | UnsetType = UNSET


class Metrics(Document, frozen=True, kw_only=True):
    """A resource's groups; a group without readings is absent."""

    cpu: Gauge | UnsetType = UNSET
    memory: Gauge | UnsetType = UNSET
    gpu: Gauge | UnsetType = UNSET
    network: Network | UnsetType = UNSET
    storage: Storage | UnsetType = UNSET


class Point(Document, frozen=True, kw_only=True):
    """One point of a time series: its start, and the specification's metric names with their values."""

    timestamp: str
    values: dict[str, float]


class ResourcePerformance(Document, frozen=True, kw_only=True):
    """One resource of the performance document."""

    resource_type: str
    resource_id: str
    resource_name: str
    region: str | None
    metrics: Metrics
    time_series: list[Point]


class Distribution(Document, frozen=True, kw_only=True):
    """A utilization over all selected resources, in percent."""

    average: float | None
    p95: float | None
    p99: float | None
    peak_time: str | None


class NetworkThroughput(Document, frozen=True, kw_only=True):
    """Sums of the network over all selected resources; latency is a mean in ms."""

    total_inbound: str | None
    total_outbound: str | None
    average_latency: float | None


class StorageThroughput(Document, frozen=True, kw_only=True):
    """Sums of the storage over all selected resources; `averageIOPS` is the sum of the resources' means."""

    total_read: str | None
    total_write: str | None
    average_iops: float | None = msgspec.field(name="averageIOPS")


class ApiMetrics(Document, frozen=True, kw_only=True):
    """The services: ms, requests per second, percent."""

    average_response_time: float | None
    throughput: float | None
    success_rate: float | None
    error_rate: float | None


class AggregatedMetrics(Document, frozen=True, kw_only=True):
    """Totals over all selected resources; null is unknown."""

    cpu_utilization: Distribution
    memory_utilization: Distribution
    gpu_utilization: Distribution
    network_throughput: NetworkThroughput
    storage_throughput: StorageThroughput
    api_metrics: ApiMetrics


class Alert(Document, frozen=True, kw_only=True):
    """A load line that is crossed; `metric` is a document name, `resource` an id, `timestamp` the crossing."""

    alert_id: str
    severity: Severity
    metric: str
    threshold: float
    current_value: float
    resource: str
    timestamp: str


class PerformanceDocument(Document, frozen=True, kw_only=True):
    """What `GET /v2/monitoring/performance` answers."""

    time_range: TimeRange
    overall: Overall
    resources: list[ResourcePerformance]
    aggregated_metrics: AggregatedMetrics
    alerts: list[Alert]
