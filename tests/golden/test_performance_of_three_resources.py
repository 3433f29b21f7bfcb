"""Every number of the performance document, computed by hand for three resources.

Window 12:00 to 12:10 by 5m, as of 12:10, a reading a minute expected (ten in the window).

big     cluster  cpu 8, mem 3 TB, gpu 4   cpu 40 80 60 (12:00, 12:01, 12:05)  mem 50  gpu 90 70 (12:00, 12:05)
small   cluster  cpu 2, mem 1 TB, no GPU  cpu 100 (12:09)                     mem 30
api     endpoint nothing in the inventory; throughput 10 and 30 /s, response 100 and 300 ms, errors 0 and 4 %
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from msgspec import UNSET, to_builtins

from plimsoll.analysis.performance import performance
from plimsoll.clock import Window
from plimsoll.documents import Evidence, PerformanceDocument
from plimsoll.documents.evidence import CoverageDetail, ScoreDetail
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource
from plimsoll.tables import SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
END = NOON + timedelta(minutes=10)
SINCE = ((NOON - timedelta(days=1), 60.0),)
BIG = Resource(
    resource_id="big",
    name="Big",
    type="cluster",
    region="us-east-1",
    cpu_count=8,
    memory_bytes=3e12,
    gpu_count=4,
    expected=SINCE,
)
SMALL = Resource(
    resource_id="small", name="Small", type="cluster", cpu_count=2, memory_bytes=1e12, gpu_count=0, expected=SINCE
)
API = Resource(resource_id="api", name="Api", type="endpoint", region="eu-west-1", expected=SINCE)


def row(resource_id: str, minute: float, **values: float) -> dict[str, Any]:
    """One reading of a resource, so many minutes after noon."""
    return {
        "ts": NOON + timedelta(minutes=minute),
        "resource_id": resource_id,
        "device": "",
        "source": "test",
        **values,
    }


READINGS = [
    row("big", -3, cpu_utilization_pct=99),  # before the window: no number may know it
    row("big", 0, cpu_utilization_pct=40, memory_utilization_pct=50, gpu_utilization_pct=90),
    row("big", 1, cpu_utilization_pct=80, disk_read_bytes_per_s=8e8, disk_write_bytes_per_s=4e8),
    row("big", 5, cpu_utilization_pct=60, gpu_utilization_pct=70, network_receive_bits_per_s=2.3e9),
    row("big", 5.5, disk_read_operations_per_s=12_000, disk_write_operations_per_s=500),
    row("small", 9, cpu_utilization_pct=100, memory_utilization_pct=30, network_latency_ms=12.5),
    row("api", 2, throughput_per_s=10, response_time_ms=100, error_rate_pct=0, queue_depth_count=3),
    row("api", 8, throughput_per_s=30, response_time_ms=300, error_rate_pct=4, queue_depth_count=5),
    {**row("big", 4, gpu_utilization_pct=100), "device": "gpu0"},  # a device's reading is not the resource's
    row("big", 10.5, cpu_utilization_pct=1),  # after the instant asked about
]


def document(*, metrics: tuple[str, ...] = (), aggregation: str = "avg") -> tuple[PerformanceDocument, list[Evidence]]:
    """The document of the three, as of 12:10."""
    return performance(
        SAMPLES.frame(READINGS).lazy(),
        [API, BIG, SMALL],
        window=Window(NOON, END, 300),
        as_of=END,
        query=PerformanceQuery(time_range="15m", granularity="5m", metrics=metrics, aggregation=aggregation),
        lines={"cpu": LoadLine(metric="cpu_utilization_pct", above=90.0, for_="0s")},  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    )


def test_every_number_of_the_totals() -> None:
    """Utilizations are weighted by capacity, throughputs are sums, services are weighted by requests."""
    got = to_builtins(document()[0].aggregated_metrics)
    assert got == {
        # big averages 60 on 8 processors, small 100 on 2: (60*8 + 100*2) / 10
        # readings 40 60 80 100: p95 = 80 + 0.85 * 20, p99 = 80 + 0.97 * 20
        # 12:00 has big 60 (48 of 10 weighted), 12:05 has big 60 and small 100 (48 + 20)
        "cpuUtilization": {"average": 68.0, "p95": 97.0, "p99": 99.4, "peakTime": "2026-01-16T12:05:00Z"},
        # (50 * 3 + 30 * 1) / 4; readings 30 50
        "memoryUtilization": {"average": 45.0, "p95": 49.0, "p99": 49.8, "peakTime": "2026-01-16T12:00:00Z"},
        "gpuUtilization": {"average": 80.0, "p95": 89.0, "p99": 89.8, "peakTime": "2026-01-16T12:00:00Z"},
        "networkThroughput": {"totalInbound": "2.3 Gbps", "totalOutbound": None, "averageLatency": 12.5},
        "storageThroughput": {"totalRead": "800 MB/s", "totalWrite": "400 MB/s", "averageIOPS": 12_500.0},
        # weighted by 10 and 30 requests
        "apiMetrics": {"averageResponseTime": 250.0, "throughput": 20.0, "successRate": 97.0, "errorRate": 3.0},
    }


def test_every_number_of_the_resources() -> None:
    """A stale reading is no current one, a group without readings is absent, points hold what was read."""
    api, big, small = (to_builtins(part) for part in document()[0].resources)
    assert big["metrics"] == {
        # its last reading of each is 12:05: five minutes old where a minute is expected
        "cpu": {"average": 60.0, "peak": 80.0},
        "memory": {"average": 50.0, "peak": 50.0},
        "gpu": {"average": 80.0, "peak": 90.0},
        "network": {"inbound": "2.3 Gbps"},
        "storage": {"readThroughput": "800 MB/s", "writeThroughput": "400 MB/s", "iops": 12_500.0},
    }
    assert big["timeSeries"] == [
        {
            "timestamp": "2026-01-16T12:00:00Z",
            "values": {"cpu_utilization": 60.0, "memory_utilization": 50.0, "gpu_utilization": 90.0, "disk_io": 1.2e9},
        },
        {"timestamp": "2026-01-16T12:05:00Z", "values": {"cpu_utilization": 60.0, "gpu_utilization": 70.0}},
    ]
    assert small["metrics"]["cpu"] == {"current": 100.0, "average": 100.0, "peak": 100.0}
    assert small["region"] is None
    assert api["metrics"] == {}
    assert [point["values"] for point in api["timeSeries"]] == [
        {"response_time": 100.0, "throughput": 10.0, "error_rate": 0.0, "queue_depth": 3.0},
        {"response_time": 300.0, "throughput": 30.0, "error_rate": 4.0, "queue_depth": 5.0},
    ]


def test_every_number_of_the_head() -> None:
    """Availability counts requests where they are counted; each score's deductions are in the evidence."""
    made, evidence = document()
    assert to_builtins(made.overall) == {
        # big has been silent for 5 of its 3 allowed minutes: 40/3; alerts: small's medium: 40 * 0.3 / 3;
        # errors 4 * 3; unavailable 4 * 3
        "healthScore": 59,
        # cpu line 90: big is over it never and never within 5 points, small always: 60 * (0 + 1) / 2; errors 12
        "performanceScore": 58,
        "availabilityScore": 97.0,
        "averageResponseTime": 250.0,
        "totalThroughput": 20.0,
        "errorRate": 3.0,
    }
    by_subject = {e.subject: e for e in evidence}
    assert by_subject["overall.healthScore"].typed(ScoreDetail).deductions == {
        "silent": 13.333,
        "alerts": 4.0,
        "errors": 12.0,
        "unavailable": 12.0,
    }
    assert by_subject["coverage.big"].observed == 40.0  # four distinct instants of ten expected
    assert by_subject["coverage.big"].typed(CoverageDetail).silent is True


def test_the_open_alert() -> None:
    """The alert names the crossing, the line and the last value, in the specification's words."""
    (alert,) = document()[0].alerts
    assert (alert.severity, alert.metric, alert.threshold, alert.current_value, alert.resource, alert.timestamp) == (
        "medium",
        "cpu_utilization",
        90.0,
        100.0,
        "small",
        "2026-01-16T12:09:00Z",
    )


def test_the_metrics_asked_for_are_the_metrics_shown() -> None:
    """Groups and points hold what was asked for; the totals stay whole."""
    made = document(metrics=("gpu_utilization",))[0]
    big = made.resources[1]
    assert big.metrics.cpu is UNSET
    assert [p.values for p in big.time_series] == [{"gpu_utilization": 90.0}, {"gpu_utilization": 70.0}]
    assert made.aggregated_metrics.cpu_utilization.average == 68.0


def test_each_aggregation_of_the_readings_inside_a_point() -> None:
    """Sums, extremes and quantiles: avg max min sum p95 p99 of big's 40 and 80 at noon; quantiles are linear."""
    expected = {"avg": 60.0, "max": 80.0, "min": 40.0, "sum": 120.0, "p95": 78.0, "p99": 79.6}
    got = {a: document(aggregation=a)[0].resources[1].time_series[0].values["cpu_utilization"] for a in expected}
    assert got == expected


def test_a_utilization_that_nobody_read_is_null_and_of_no_gpu_is_zero() -> None:
    """Unknown is not 0; of what the inventory has nothing of, nothing is used."""
    made, _ = performance(
        SAMPLES.frame([row("small", 9, cpu_utilization_pct=100)]).lazy(),
        [SMALL, BIG],
        window=Window(NOON, END, 300),
        as_of=END,
        query=PerformanceQuery(),
        lines={},
    )
    totals = made.aggregated_metrics
    assert totals.cpu_utilization.average == 100.0  # big was not read: it lowers nothing
    assert totals.memory_utilization.average is None
    assert totals.gpu_utilization.average is None
    alone, _ = performance(
        SAMPLES.frame([row("small", 9, cpu_utilization_pct=100)]).lazy(),
        [SMALL],
        window=Window(NOON, END, 300),
        as_of=END,
        query=PerformanceQuery(),
        lines={},
    )
    assert alone.aggregated_metrics.gpu_utilization.average == 0.0


def test_nothing_selected_is_nothing_known() -> None:
    """Without resources there is no score; a utilization of which there is nothing is 0, since nothing is used."""
    made, _ = performance(
        pl.LazyFrame(schema=SAMPLES.schema()),
        [],
        window=Window(NOON, END, 300),
        as_of=END,
        query=PerformanceQuery(),
        lines={},
    )
    assert made.overall.health_score is None
    assert made.overall.availability_score is None
    assert made.aggregated_metrics.gpu_utilization.average == 0.0
    assert made.aggregated_metrics.api_metrics.throughput is None
