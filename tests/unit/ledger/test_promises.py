"""Promises of capacity reviews, kept until they come due."""

from datetime import date
from pathlib import Path

from plimsoll.documents.capacity import Promise
from plimsoll.ledger import Promises


def promise(due: str, *, made: str = "2026-01-01", forecast: float = 50.0) -> Promise:
    """A forecast of one pool."""
    return Promise(pool="us-east-1/h100", made=made, due=due, forecast=forecast, low=40.0, high=60.0)


def test_promises_are_found_by_the_day_they_speak_of(tmp_path: Path) -> None:
    """What is due in a span comes back as it was kept, oldest first; the rest stays."""
    kept = Promises(tmp_path / "ledger.sqlite")
    kept.keep([promise("2026-02-01"), promise("2026-01-08"), promise("2026-03-01")])
    assert kept.due(date(2026, 1, 1), date(2026, 2, 1)) == [promise("2026-01-08"), promise("2026-02-01")]


def test_the_first_published_forecast_of_a_day_counts(tmp_path: Path) -> None:
    """A review made again the same day does not improve what people have read."""
    kept = Promises(tmp_path / "ledger.sqlite")
    kept.keep([promise("2026-01-08", forecast=50.0)])
    kept.keep([promise("2026-01-08", forecast=55.0)])
    assert [one.forecast for one in kept.due(date(2026, 1, 8), date(2026, 1, 8))] == [50.0]
