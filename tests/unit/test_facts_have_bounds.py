"""What a fleet is made of has bounds, like every reading: a number beyond them ends no report, whoever tells it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from plimsoll.errors import RowsRefused
from plimsoll.fleet.presence import Silence, patience
from plimsoll.fleet.resources import resources_at
from plimsoll.lake import Lake
from plimsoll.lake.format.encoding import streaming
from plimsoll.lake.shared.ingest import ingest_segment
from plimsoll.plausibility import judged
from plimsoll.tables import LONGEST_INTERVAL_S, RESOURCES, TABLES
from tests.strangers import NOW, named

AT = datetime(2026, 1, 16, tzinfo=UTC)
FACTS = [column.name for column in RESOURCES.columns if column.kind == "f64"]


def fact(**more: object) -> dict[str, Any]:
    """What a source says of a resource."""
    whole = dict.fromkeys(RESOURCES.names) | {"source": "t", "name": "A", "type": "cluster", "interval_s": 30.0}
    return whole | {"ts": AT, "resource_id": "a"} | more


def test_every_number_of_every_table_has_an_upper_bound() -> None:
    """A new column without one would take 1e308, of which sums, times and prices are made."""
    numbers = [(t, c) for t, table in TABLES.items() for c in table.columns if c.kind in ("f32", "f64", "int")]
    free = [f"{table}.{column.name}" for table, column in numbers if column.high is None and table != "samples"]
    assert len(numbers) > 20
    assert free == []


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize("value", [1e308, 1e22])
def test_the_value_is_refused_by_name_and_the_row_is_kept(name: str, value: float) -> None:
    """At the door of the collectors."""
    rows = [fact(**{name: value})]
    assert [one.column for one in judged(RESOURCES, rows)] == [name]
    assert (rows[0]["resource_id"], rows[0][name]) == ("a", None)


@pytest.mark.parametrize("name", FACTS)
def test_the_last_wall_takes_none(name: str) -> None:
    """Whoever writes into the lake."""
    with pytest.raises(RowsRefused, match=f"{name} above"):
        RESOURCES.frame([fact(**{name: 1e308})])


@pytest.mark.parametrize("value", [3.2e10, 1e15, 1e308])
def test_a_stranger_s_interval_is_refused_and_nothing_of_it_is_kept(tmp_path: Path, value: float) -> None:
    """Three intervals back from now lie before the year 1: one such row ended every report."""
    lake = Lake(tmp_path)
    row = {**fact(interval_s=value), "ts": NOW - timedelta(minutes=1)}
    given = pl.DataFrame([row], schema=dict(RESOURCES.schema()))
    data = streaming(given)
    with pytest.raises(RowsRefused, match=r"interval_s above 3\.16224e\+07"):
        ingest_segment(lake, "resources", named(given, data), data, host="evil", resource_ids=(), now=NOW)
    assert not list(tmp_path.glob("resources/*"))


@pytest.mark.parametrize("name", FACTS)
def test_an_older_lake_that_holds_one_is_read_without_it(name: str) -> None:
    """The number before it stands; where there was none, it is not known."""
    before, beyond = fact(**{name: 2.0}), fact(**{name: 1e308}, ts=AT + timedelta(hours=1))
    known = resources_at([before, beyond])[0]
    assert (known.interval_s if name == "interval_s" else getattr(known, name)) == 2.0
    alone = resources_at([beyond])[0]
    assert (alone.interval_s if name == "interval_s" else getattr(alone, name)) is None


def test_the_longest_interval_can_be_waited_for() -> None:
    """A year: its patience is a time before now, and the alert of silence has a line."""
    yearly = resources_at([fact(interval_s=LONGEST_INTERVAL_S)])[0]
    waited = patience(yearly)
    assert waited is not None
    assert AT - waited < AT - Silence.model_validate({}).limit(yearly) + timedelta(seconds=1)
