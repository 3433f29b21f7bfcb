"""What goes into anomalies.json: metrics beyond two deviations, each with its own severity; the rest is evidence."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.analysis.anomalies.contract import Finding, Moved
from plimsoll.documents.evidence import FindingDetail
from plimsoll.fleet.resources import Resource
from plimsoll.queries.anomalies import document, evidence

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
HOST = Resource(resource_id="a", name="a", type="cluster")


def found(*sizes: float, detector: str = "unusual", scale: float = 2.0) -> Finding:
    """A finding whose metrics moved by so many scales."""
    moved = [
        Moved(metric="cpu_utilization_pct", device=f"d{n}", value=50 + z * scale, expected=50.0, scale=scale, z=z)
        for n, z in enumerate(sizes)
    ]
    return Finding(
        detector=detector, resource_id="a", metric="cpu_utilization_pct", start=NOON, end=None, peak=NOON,
        severity="high", score=5.0, threshold=1.0, samples=100, moved=moved,
    )  # fmt: skip


@given(st.lists(st.floats(-12, 12, allow_nan=False), max_size=4), st.floats(0.001, 1000))
def test_an_entry_has_a_z_of_more_than_two_and_a_value_outside_its_range(sizes: list[float], scale: float) -> None:
    """Medium, more than three high; never negative: the evidence says whether it was above or below."""
    for resource in document([found(*sizes, scale=scale)], [HOST]):
        for entry in resource.anomalies:
            assert entry.z_score > 2
            assert (entry.severity == "high") == (entry.z_score > 3)
            assert not entry.expected_low <= entry.value <= entry.expected_high


def test_what_has_no_such_number_is_in_the_evidence_alone() -> None:
    """Silence has no metric that moved; a flat line lies inside its range; the forest alone sees a combination."""
    for one in (found(detector="silence"), found(0.1, detector="flat_line"), found(1.9)):
        assert document([one], [HOST]) == []
        assert evidence(one, "5m").subject == one.id
    strange = Moved(metric="iops", device="", value=90.0, expected=50.0, scale=2.0, z=1.0)
    assert document([replace(found(), moved=[strange])], [HOST]) == []  # far out, but not by its own z
    assert evidence(found(-4.0), "5m").typed(FindingDetail).direction == "below"
    assert evidence(found(4.0), "5m").typed(FindingDetail).direction == "above"
    assert [e.device for r in document([found(4.0, 1.0, -2.5)], [HOST]) for e in r.anomalies] == ["d0", "d2"]
