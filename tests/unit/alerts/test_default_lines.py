"""The lines that ship fit the work: a busy GPU works well, and waiting is judged by the own past."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.analysis.performance.alerts import AlertState, open_alerts
from plimsoll.analysis.performance.readings import resource_readings
from plimsoll.clock import rfc3339
from plimsoll.config import Section
from plimsoll.errors import ConfigError
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource
from plimsoll.project import Project, builtin_root
from plimsoll.tables import SAMPLES

BEGIN = datetime(2026, 1, 16, tzinfo=UTC)
SHIPPED = Project(builtin_root(), builtin_root()).config().under("lines", LoadLine)


def alerts_of(
    kind: str, hours: float, *, lines: dict[str, LoadLine] | None = None, **readings: float
) -> list[tuple[str, str]]:
    """(line, severity) of what is open after so many hours of these readings, every five minutes."""
    steps = range(int(12 * hours) + 1)
    rows: list[dict[str, Any]] = [
        {"ts": BEGIN + timedelta(minutes=5 * n), "resource_id": "a", "device": "", "source": "t", **readings}
        for n in steps
    ]
    end = rows[-1]["ts"]
    resource = Resource(resource_id="a", name="a", type=kind, expected=((BEGIN, 300.0),))
    frame = resource_readings(SAMPLES.frame(rows).lazy(), until=end)
    drawn = {name: line for name, line in (lines or SHIPPED).items() if line.learned is None}
    found = open_alerts(frame, [resource], drawn, as_of=end, state=AlertState())
    return [(one.line, one.alert.severity) for one in found.open]


@pytest.mark.parametrize("kind", ["cluster", "training", "endpoint", "ai-service"])
def test_a_gpu_at_its_work_opens_nothing(kind: str) -> None:
    """100 % busy at the board's power limit for a day is praise, whatever the machine is for."""
    found = alerts_of(
        kind, 24, gpu_utilization_pct=100.0, gpu_power_w=699.0, gpu_power_limit_w=700.0, gpu_throttled_power_pct=100.0,
        gpu_temperature_c=68.0,
    )  # fmt: skip
    assert found == []


def test_a_training_job_that_waits_for_its_input_is_called() -> None:
    """Half an hour with three fifths of each step spent waiting for data."""
    assert alerts_of("training", 0.4, input_wait_pct=60.0, gpu_utilization_pct=40.0) == []
    assert alerts_of("training", 0.6, input_wait_pct=60.0, gpu_utilization_pct=40.0) == [("input_wait", "medium")]
    assert alerts_of("training", 3, input_wait_pct=5.0, gpu_utilization_pct=90.0) == []


def test_waiting_is_judged_against_the_own_past() -> None:
    """Twice the usual high end, and for queues no line below eight: 200 ms usual -> 400; 3 waiting usual -> 8."""
    response = SHIPPED["response_time"].at(200.0, "a")
    assert (response.value, response.resources, response.learned) == (400.0, ("a",), None)
    assert SHIPPED["queue"].at(3.0, "a").value == 8.0
    assert SHIPPED["queue"].at(30.0, "a").value == 60.0
    drawn = {"response_time.a": response}
    assert alerts_of("endpoint", 1, lines=drawn, response_time_ms=390.0) == []
    assert alerts_of("endpoint", 1, lines=drawn, response_time_ms=410.0) == [("response_time.a", "high")]


def test_a_line_on_utilization_that_somebody_configured_acts_as_before(project: Project) -> None:
    """Only the defaults changed."""
    (project.root / "config.toml").write_text(
        '[plimsoll]\n[lines.gpu]\nmetric = "gpu_utilization_pct"\nabove = 95.0\nfor = "30m"\n', "utf-8"
    )
    lines = project.config().under("lines", LoadLine)
    assert alerts_of("cluster", 1, lines=lines, gpu_utilization_pct=97.0) == [("gpu", "medium")]


@pytest.mark.parametrize("more", ["above = 5.0\ntimes = 2.0", 'learned = "below"\nat_least = 3.0'])
def test_what_only_a_learned_line_has_is_refused_elsewhere(project: Project, more: str) -> None:
    """A key without an effect is a mistake."""
    (project.root / "config.toml").write_text(f'[plimsoll]\n[lines.x]\nmetric = "queue_depth_count"\n{more}\n', "utf-8")
    with pytest.raises(ConfigError, match="go with learned"):
        project.config()
    assert issubclass(LoadLine, Section)


LINES = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(10, 90), st.booleans(), st.sampled_from([0, 600, 1800])),
    min_size=1,
    max_size=5,
)


@given(lines=LINES, values=st.lists(st.sampled_from([5.0, 40.0, 70.0, 99.0]), min_size=3, max_size=30))
@settings(max_examples=40)
def test_lines_do_not_know_one_another(lines: list[tuple[str, float, bool, int]], values: list[float]) -> None:
    """All lines in one pass find what each finds alone: names, ids, beginnings and values."""
    rows: list[dict[str, Any]] = [
        {
            "ts": BEGIN + timedelta(minutes=5 * n), "resource_id": name, "device": "", "source": "t",
            "cpu_utilization_pct": value if name == "a" else 100 - value, "memory_utilization_pct": value,
        }
        for n, value in enumerate(values)
        for name in "abc"
    ]  # fmt: skip
    end = rows[-1]["ts"]
    resources = [Resource(resource_id=name, name=name, type="cluster", expected=((BEGIN, 300.0),)) for name in "abc"]
    frame = resource_readings(SAMPLES.frame(rows).lazy(), until=end)
    drawn = {
        f"l{n}": LoadLine.model_validate(
            {
                "metric": "cpu_utilization_pct" if n % 2 else "memory_utilization_pct", "for_": f"{lasting}s",
                "above" if up else "below": value, "resources": (name,) if n % 3 else (),
            }
        )
        for n, (name, value, up, lasting) in enumerate(lines)
    }  # fmt: skip

    def seen(some: dict[str, LoadLine]) -> list[tuple[str, str, str, float]]:
        found = open_alerts(frame, resources, some, as_of=end, state=AlertState())
        events = [(e.alert.resource, e.alert.alert_id, rfc3339(e.opened), e.alert.current_value) for e in found.events]
        return sorted(events)

    together = seen(drawn)
    alone = sorted(event for name, line in drawn.items() for event in seen({name: line}))
    assert together == alone
