"""What rules find opens an alert: a leak and a filling volume by the time left, idle held GPUs, a straggler."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in
from plimsoll.analysis.performance.alerts import AlertState, Known
from plimsoll.analysis.performance.rule_alerts import rule_alerts
from plimsoll.documents import Alert
from plimsoll.errors import ConfigError
from plimsoll.fleet.resources import Resource
from plimsoll.fleet.rule_alerts import RuleAlert
from plimsoll.project import Project, builtin_root

END = datetime(2026, 3, 4, 6, tzinfo=UTC)
HOURS = 14 * 24
SHIPPED = Project(builtin_root(), builtin_root()).config().under("rule_alerts", RuleAlert)


def hourly(values: Any) -> Any:  # noqa: ANN401 - any array
    """Fourteen days of quarters of an hour from so many hours."""
    return np.repeat(np.broadcast_to(np.asarray(values, dtype=float), HOURS), 4)


def alerts_of(
    readings: Mapping[str, Any],
    devices: Mapping[tuple[str, str], Any] | None = None,
    known: Known | None = None,
    line: str = "",
    **settings: Any,  # noqa: ANN401 - those of a section
) -> list[tuple[str, str, str]]:
    """(line, severity, what) of every open alert of one cluster."""
    resource = Resource(resource_id="a", name="a", type="cluster", gpu_count=4.0)
    window = ResourceWindow(resource, dict(readings), 96, 900.0, None, dict(devices or {}), end=END)
    shipped = {name: one.model_copy(update=settings) for name, one in SHIPPED.items()}
    rules = {name: built_in()[name] for name in shipped}
    state = AlertState({("a", line): known} if known else {})
    found = rule_alerts([window], rules, shipped, as_of=END, state=state)
    assert [event.alert for event in found.events] == [one.alert for one in found.open]
    return [(one.line, one.alert.severity, one.what) for one in found.open]


def leaking(points_per_hour: float) -> dict[str, Any]:
    """Memory that stood at 50 % and climbs for the last two days."""
    climb = 50 + points_per_hour * np.clip(np.arange(HOURS) - (HOURS - 48), 0, None)
    return {"memory_utilization_pct": hourly(climb)}


def test_a_leak_is_high_when_less_than_a_day_is_left() -> None:
    """By the time left and not by its height: 85 % and 16 h is high, 70 % and 67 h is not yet."""
    ((line, severity, what),) = alerts_of(leaking(0.75))
    assert (line, severity) == ("rules.memory_leak", "high")
    assert what == "memory utilization reaches 98 % in 16 h at this pace"
    ((_, severity, what),) = alerts_of(leaking(0.42))
    assert severity == "medium"
    assert "in 67 h" in what


def test_a_volume_is_alerted_by_its_days_long_before_its_line() -> None:
    """At 70 % and 4 points a day it is full in a week; at 90 % in two and a half days, which is high."""
    for level, severity, days in ((70.0, "medium", "7.5 days"), (90.0, "high", "60 h")):
        filling = level - 4 / 24 * (HOURS - 1 - np.arange(HOURS))
        ((line, found, what),) = alerts_of({"storage_utilization_pct": hourly(filling)})
        assert (line, found) == ("rules.volume_filling", severity)
        assert what == f"used space reaches 100 % in {days} at this pace"


@pytest.mark.parametrize(
    ("held", "busy_before", "alerted"),
    [(4.0, 80.0, True), (0.0, 80.0, False), (None, 80.0, True), (None, 0.5, False), (4.0, 0.5, True)],
)
def test_idle_gpus_are_an_alert_where_somebody_holds_them(
    held: float | None, busy_before: float, *, alerted: bool
) -> None:
    """A scheduler's word decides; without one, GPUs that used to work. A free machine alarms nobody."""
    busy = np.where(np.arange(HOURS) < HOURS - 30, busy_before, 0.3)
    readings = {"gpu_utilization_pct": hourly(busy)}
    readings |= {"gpus_allocated_count": hourly(held)} if held is not None else {}
    found = alerts_of(readings)
    since = 30 if busy_before > 2 else HOURS
    what = f"4 GPUs did no work for {since} h (utilization at most 2 %)"
    assert found == ([("rules.gpu_idle", "medium", what)] if alerted else [])


def test_a_straggler_is_named_by_its_device() -> None:
    """One of four clocks 30 % behind."""
    clocks = {(f"gpu{n}", "gpu_sm_clock_mhz"): hourly(1800.0 if n != 2 else 1260.0) for n in range(4)}
    ((line, _, what),) = alerts_of({}, clocks)
    assert line == "rules.gpu_straggler"
    assert what == "gpu2 is 30 % behind the median of its 4 equals"


def test_while_the_metric_is_not_read_an_open_alert_stays() -> None:
    """Silence closes nothing; a week of it does."""
    alert = Alert(
        alert_id="perf-1", severity="high", metric="memory_utilization", threshold=98.0, current_value=80.0,
        resource="a", timestamp="2026-03-01T00:00:00Z",
    )  # fmt: skip
    known = Known("perf-1", END - timedelta(days=3), END - timedelta(hours=5), alert, "it leaks")
    for hours, expected in ((5, [("rules.memory_leak", "high", "it leaks")]), (200, [])):
        row = leaking(0.1)["memory_utilization_pct"].copy()
        row[-4 * hours :] = np.nan
        assert alerts_of({"memory_utilization_pct": row}, known=known, line="rules.memory_leak") == expected


def test_a_name_that_is_no_rule_is_refused_with_its_place(project: Project) -> None:
    """At the door, with the nearest one."""
    (project.root / "config.toml").write_text('[plimsoll]\n[rule_alerts.memory_leek]\nseverity = "high"\n', "utf-8")
    with pytest.raises(ConfigError, match=r'config.toml:3: .*did you mean "memory_leak"'):
        project.config()
