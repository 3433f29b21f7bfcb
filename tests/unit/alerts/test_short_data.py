"""A line that is crossed, and not for long enough: over which, for how long, and when an alert opens."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plimsoll.analysis.performance.alerts import AlertState, Pending, open_alerts
from plimsoll.analysis.performance.readings import resource_readings
from plimsoll.documents.situation import JustOver
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource
from plimsoll.publish.views.verdict import Moment, judge
from plimsoll.publish.views.view import no_alert_sentence
from plimsoll.tables import SAMPLES
from tests.situations import situation

END = datetime(2026, 5, 6, 7, tzinfo=UTC)


def pending(values: list[float], line: dict[str, Any], metric: str) -> list[Pending]:
    """What is crossed at the end of so many readings, one a minute, the last at END."""
    begin = END - timedelta(minutes=len(values) - 1)
    rows = [
        {"ts": begin + timedelta(minutes=n), "resource_id": "h0", "device": "", "source": "t", metric: value}
        for n, value in enumerate(values)
    ]
    resource = Resource(resource_id="h0", name="h0", type="cluster", expected=((begin, 60.0),))
    readings = resource_readings(SAMPLES.frame(rows).lazy(), until=END)
    lines = {"x": LoadLine.model_validate({"metric": metric, "for_": "15m", **line})}
    return list(open_alerts(readings, [resource], lines, as_of=END, state=AlertState()).pending)


@pytest.mark.parametrize(
    ("values", "line", "metric", "side"),
    [
        ([40, 40, 95, 96], {"above": 90.0}, "cpu_utilization_pct", "over"),
        ([900, 900, 20, 10], {"below": 50.0}, "throughput_per_s", "under"),
    ],
)
def test_what_is_crossed_for_a_minute_is_pending(
    values: list[float], line: dict[str, Any], metric: str, side: str
) -> None:
    """Since its first reading beyond the line; what came back, or is an alert, is not."""
    (one,) = pending(values, line, metric)
    assert (one.since, one.lasting, one.side) == (END - timedelta(minutes=1), timedelta(minutes=15), side)
    assert pending([*values, values[0]], line, metric) == []
    assert pending([*values, *values[-1:] * 20], line, metric) == []


def test_the_verdict_says_for_how_long_and_when_an_alert_opens() -> None:
    """A reader of a fleet of one needs the line, the time and what comes next."""
    one = JustOver("h0", "cpu_utilization_pct", 90.0, END - timedelta(minutes=1), timedelta(minutes=15), name="h0")
    now = situation(over_now=["h0"], crossed=["h0"], just_over=[one])
    said = "h0 is over 90\u202f% (CPU utilization) for 1 min; an alert opens after 15 min"
    assert judge(now, Moment(END, ZoneInfo("UTC"))).facts == f"{said}."
    assert no_alert_sentence(now, END) == f"No alert is open; {said}."
