"""A worse reading never raises a score."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.analysis.performance import performance
from plimsoll.clock import Window
from plimsoll.documents import Overall
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource
from plimsoll.tables import SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
FLEET = [
    Resource(resource_id=name, name=name, type="cluster", cpu_count=4, expected=((NOON, 60.0),)) for name in ("a", "b")
]
LINES = {
    "cpu": LoadLine(metric="cpu_utilization_pct", above=90.0, for_="1m", severity="high"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    "errors": LoadLine(metric="error_rate_pct", above=5.0, for_="1m"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
}
PERCENT = st.floats(0, 100, width=32)
READING = st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 9), PERCENT, PERCENT)


def overall(readings: list[tuple[str, int, float, float]]) -> Overall:
    """The head of the document of these readings; the last of the same minute counts."""
    rows: dict[tuple[str, int], dict[str, Any]] = {
        (name, minute): {
            "ts": NOON + timedelta(minutes=minute),
            "resource_id": name,
            "device": "",
            "source": "test",
            "cpu_utilization_pct": cpu,
            "error_rate_pct": errors,
            "throughput_per_s": 5.0,
        }
        for name, minute, cpu, errors in readings
    }
    document, _ = performance(
        SAMPLES.frame(rows.values()).lazy(),
        FLEET,
        window=Window(NOON, NOON + timedelta(minutes=10), 60),
        as_of=NOON + timedelta(minutes=10),
        query=PerformanceQuery(),
        lines=LINES,
    )
    return document.overall


@settings(max_examples=60, deadline=None)
@given(st.lists(READING, min_size=1, max_size=12), st.data())
def test_a_worse_reading_never_raises_a_score(
    readings: list[tuple[str, int, float, float]], data: st.DataObject
) -> None:
    """Raise one utilization or one error rate: health and performance stay or fall."""
    at = data.draw(st.integers(0, len(readings) - 1))
    name, minute, cpu, errors = readings[at]
    worse = (name, minute, data.draw(st.floats(cpu, 100, width=32)), data.draw(st.floats(errors, 100, width=32)))
    before, after = overall(readings), overall([*readings[:at], worse, *readings[at + 1 :]])
    assert before.health_score is not None
    assert after.health_score is not None
    assert after.health_score <= before.health_score
    assert before.performance_score is not None
    assert after.performance_score is not None
    assert after.performance_score <= before.performance_score
