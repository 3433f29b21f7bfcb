"""Which metrics are looked at: those of the window that is asked about, however long ago; of dropped days as well."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plimsoll.analysis.anomalies.analyse import reported_of
from plimsoll.analysis.incidents.telling import Asked
from plimsoll.lake import Lake, RetentionPolicy
from plimsoll.queries.grids import known_metrics
from plimsoll.tables import SAMPLES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def lake_of(root: Path) -> Lake:
    """CPU until now; memory of the host and clocks of its GPU until four days ago; disks 30 days ago."""
    lake = Lake(root)
    host = {"resource_id": "a", "device": "", "source": "t"}
    ages = {"cpu_utilization_pct": 0.1, "memory_utilization_pct": 4, "disk_busy_pct": 30}
    rows = [{**host, "ts": NOW - timedelta(days=age), name: 5.0} for name, age in ages.items()]
    gpu = {**host, "device": "gpu0", "ts": NOW - timedelta(days=30, hours=1), "gpu_sm_clock_mhz": 900.0}
    for row in (*rows, gpu):
        lake.append(SAMPLES, [row], collector="t")
    lake.compact(now=NOW, grace_s=0)
    return lake


def test_a_metric_that_ended_inside_the_window_is_known(tmp_path: Path) -> None:
    """Two days at the least; a week, where a week is asked about."""
    snapshot = lake_of(tmp_path / "lake").snapshot()
    assert known_metrics(snapshot, NOW - timedelta(hours=1), NOW) == {"": ["cpu_utilization_pct"], "device": []}
    week = known_metrics(snapshot, NOW - timedelta(days=7), NOW)[""]
    assert week == ["cpu_utilization_pct", "memory_utilization_pct"]


def test_metrics_of_dropped_days_are_known_from_their_hours(tmp_path: Path) -> None:
    """Of the resource as a whole, and of its devices."""
    lake = lake_of(tmp_path / "lake")
    lake.roll_up(now=NOW)
    rules = RetentionPolicy(days={"samples": 20}, reason_to_keep=lambda _t, _d: None)
    assert lake.apply_retention(rules, lake.plan_retention(rules, now=NOW).drops, now=NOW)
    at = NOW - timedelta(days=29)
    assert known_metrics(lake.snapshot(), at - timedelta(days=1), at) == {
        "": ["disk_busy_pct"],
        "device": ["gpu_sm_clock_mhz"],
    }


def test_where_nothing_was_read_no_number_of_findings_is_too_many() -> None:
    """Without a limit, and with one."""
    for most in (math.inf, 1.0):
        looked = reported_of([], {}, Asked(NOW, NOW, NOW, resources=0, most_per_resource_week=most))
        assert (looked.findings, looked.incidents, looked.per_resource_week) == ([], [], 0.0)
