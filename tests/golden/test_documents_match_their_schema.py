"""The performance document of a demo fleet validates against its published schema, with every parameter value."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from plimsoll import documents
from plimsoll.clock import duration_s
from plimsoll.documents.parameters import (
    AGGREGATIONS,
    GRANULARITIES,
    POINT_BUDGET,
    RESOURCE_SELECTIONS,
    SPECIFIED_REGIONS,
    TIME_RANGES,
    PerformanceQuery,
)
from plimsoll.errors import UsageError
from plimsoll.metrics import DOCUMENT_METRICS
from plimsoll.queries.context import QueryContext
from plimsoll.queries.performance import performance
from plimsoll.simulator import Fleet
from tests.reports import UNTIL, lake_of, sources_of
from tests.shared import shared_path


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> QueryContext:
    """Three days of twelve resources."""
    fleet = Fleet.build(resources=12, days=3, until=UNTIL, interval_s=300)
    return sources_of(lake_of(fleet, tmp_path_factory.mktemp("fleet") / "lake"))


@pytest.fixture(scope="module")
def schema() -> Any:  # noqa: ANN401 - a JSON Schema
    """The specification's schema."""
    return json.loads(Path(shared_path("spec", "schemas", "performance.schema.json")).read_bytes())


def valid(sources: QueryContext, schema: Any, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401
    """The document of a question, once it has been validated."""
    document, _ = performance(sources, PerformanceQuery.parse(**parameters))
    built: dict[str, Any] = json.loads(documents.encode(document))
    jsonschema.validate(built, schema)
    return built


@pytest.mark.parametrize(
    ("time_range", "granularity"),
    [(t, g) for t in TIME_RANGES for g in GRANULARITIES if duration_s(g) <= duration_s(t)],
)
def test_every_range_with_every_granularity(
    sources: QueryContext,
    schema: Any,  # noqa: ANN401
    time_range: str,
    granularity: str,
) -> None:
    """What is larger than the point budget is refused, everything else answers."""
    if duration_s(time_range) / duration_s(granularity) * 12 * 9 > POINT_BUDGET:
        with pytest.raises(UsageError, match="the limit is 2,000,000; use granularity"):
            valid(sources, schema, time_range=time_range, granularity=granularity)
        return
    built = valid(sources, schema, time_range=time_range, granularity=granularity)
    assert len(built["resources"]) == 12


@pytest.mark.parametrize("resource", RESOURCE_SELECTIONS)
def test_every_resource_selection(sources: QueryContext, schema: Any, resource: str) -> None:  # noqa: ANN401
    """Each shows its own type only."""
    built = valid(sources, schema, resource=resource)
    kind = RESOURCE_SELECTIONS[resource]
    assert built["resources"]
    assert {part["resourceType"] for part in built["resources"]} <= (
        {kind} if kind else {part["resourceType"] for part in built["resources"]}
    )


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_aggregation(sources: QueryContext, schema: Any, aggregation: str) -> None:  # noqa: ANN401
    """Five-minute readings, an hour a point."""
    assert valid(sources, schema, time_range="6h", granularity="1h", aggregation=aggregation)["resources"]


@pytest.mark.parametrize("metric", DOCUMENT_METRICS)
def test_every_metric_alone(sources: QueryContext, schema: Any, metric: str) -> None:  # noqa: ANN401
    """Points hold that metric and no other."""
    built = valid(sources, schema, time_range="6h", granularity="15m", metrics=[metric])
    assert {name for part in built["resources"] for p in part["timeSeries"] for name in p["values"]} == {metric}


@pytest.mark.parametrize("region", SPECIFIED_REGIONS)
def test_every_region(sources: QueryContext, schema: Any, region: str) -> None:  # noqa: ANN401
    """Only what is there."""
    assert {part["region"] for part in valid(sources, schema, regions=[region])["resources"]} == {region}


def test_a_hostile_id_is_only_text(sources: QueryContext, schema: Any) -> None:  # noqa: ANN401
    """An unknown id selects nothing; nobody is hurt."""
    assert valid(sources, schema, resource_ids=["<script>alert(1)</script>", "../../x"])["resources"] == []
