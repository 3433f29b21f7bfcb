"""The documents that Plimsoll publishes, as frozen types, and the parameters with which they are asked for."""

from plimsoll.documents.base import Document, Severity, TimeRange, Trend, encode
from plimsoll.documents.evidence import Evidence, detailed
from plimsoll.documents.performance import (
    AggregatedMetrics,
    Alert,
    ApiMetrics,
    Distribution,
    Gauge,
    Metrics,
    Network,
    NetworkThroughput,
    Overall,
    PerformanceDocument,
    Point,
    ResourcePerformance,
    Storage,
    StorageThroughput,
)

__all__ = [
    "AggregatedMetrics",
    "Alert",
    "ApiMetrics",
    "Distribution",
    "Document",
    "Evidence",
    "Gauge",
    "Metrics",
    "Network",
    "NetworkThroughput",
    "Overall",
    "PerformanceDocument",
    "Point",
    "ResourcePerformance",
    "Severity",
    "Storage",
    "StorageThroughput",
    "TimeRange",
    "Trend",
    "detailed",
    "encode",
]
