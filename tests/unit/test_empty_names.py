"""A resource without an id or a name is refused at the door, alone; one that is in an older lake ends no report."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from plimsoll.errors import RowsRefused
from plimsoll.fleet.resources import resources_at
from plimsoll.plausibility import judged
from plimsoll.publish.views.verdict import Verdict
from plimsoll.publish.views.view import view
from plimsoll.tables import RESOURCES, SAMPLES
from tests.reports import fleet_report

AT = datetime(2026, 1, 16, tzinfo=UTC)


def fact(resource_id: str, name: str) -> dict[str, Any]:
    """What a source says of a resource."""
    return {"ts": AT, "resource_id": resource_id, "source": "t", "name": name, "type": "cluster", "interval_s": 30.0}


def reading(resource_id: str) -> dict[str, Any]:
    """One reading."""
    return {"ts": AT, "resource_id": resource_id, "device": "", "source": "t", "cpu_utilization_pct": 1.0}


@pytest.mark.parametrize("empty", ["", "  ", "\t\n"])
def test_the_row_is_refused_and_its_neighbors_are_kept(empty: str) -> None:
    """By a reason that says what is empty."""
    facts = [fact("a", "A"), fact(empty, "B"), fact("c", empty)]
    assert [str(one) for one in judged(RESOURCES, facts)] == [
        f"{one}: a row has an empty {column}"
        for one, column in ((empty.encode("unicode_escape").decode(), "resource_id"), ("c", "name"))
    ]
    readings = [reading("a"), reading(empty)]
    assert len(judged(SAMPLES, readings)) == 1
    assert ([row["resource_id"] for row in facts], [row["resource_id"] for row in readings]) == (["a"], ["a"])


@pytest.mark.parametrize("row", [fact("", "x"), fact("x", ""), fact("x", " ")])
def test_the_last_wall_takes_none(row: dict[str, Any]) -> None:
    """Whoever writes into the lake."""
    with pytest.raises(RowsRefused, match="is empty"):
        RESOURCES.frame([row])


def test_an_older_lake_calls_it_by_its_id() -> None:
    """A name that was accepted before is its id."""
    row = dict.fromkeys(RESOURCES.names) | fact("node-1", "")
    assert resources_at([row])[0].name == "node-1"


def test_an_empty_name_ends_no_report() -> None:
    """Wherever it stands: in the fleet, and in the sentence of facts."""
    report = fleet_report(resources=3)
    nameless = replace(report, resources=[replace(one, name="") for one in report.resources])
    assert view(nameless, document_sha256="0" * 64).verdict.state
    verdict = Verdict("Steady.", "ink", "gpu-1 crossed a line.", names=("", "gpu-1"))
    assert verdict.parts == [("gpu-1", True), (" crossed a line.", False)]
