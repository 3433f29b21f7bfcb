"""The documents' parameters: everything unknown is refused by name, with the allowed values."""

from typing import Any

import pytest

from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.errors import BadParameter, UsageError


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"resource": "cluster"}, 'resource "cluster" is not allowed; use one of: all, clusters, endpoints, training'),
        ({"resource": "CLUSTERS"}, "use one of: all, clusters"),
        ({"time_range": "2h"}, 'timeRange "2h" is not allowed; use one of: 5m, 15m, 1h, 6h, 24h, 7d, 30d'),
        ({"time_range": "60m"}, "timeRange"),
        ({"granularity": "30s"}, 'granularity "30s" is not allowed; use one of: 10s, 1m, 5m, 15m, 1h, 1d'),
        ({"granularity": "1d"}, 'granularity "1d" exceeds timeRange 1h; use one of: 10s, 1m, 5m, 15m, 1h'),
        ({"metrics": ["cpu"]}, 'metrics "cpu" is not allowed; use one of: cpu_utilization'),
        ({"regions": ["us-east-2"]}, "use one of: us-east-1, us-west-2, eu-west-1, ap-southeast-1, home"),
        ({"aggregation": "p50"}, "use one of: avg, max, min, sum, p95, p99"),
        ({"resource_ids": [""]}, "is not an id"),
        ({"resource_ids": ["a\nb"]}, r"a\nb"),
        ({"resource_ids": ["x" * 300]}, "is not an id"),
        ({"resource_ids": ["x"] * 10_001}, "too many"),
    ],
)
def test_what_is_not_allowed_is_refused_with_what_is(parameters: dict[str, Any], says: str) -> None:
    """The message names the parameter, the value and the allowed ones, in one line."""
    with pytest.raises(BadParameter) as caught:
        PerformanceQuery.parse(**parameters, known_regions=["home"])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_repeated_values_count_once() -> None:
    """Programs may repeat themselves."""
    query = PerformanceQuery.parse(metrics=["disk_io", "disk_io"], resource_ids=["a", "b", "a"])
    assert (query.metrics, query.resource_ids) == (("disk_io",), ("a", "b"))


def test_too_many_points_name_the_finest_granularity_that_fits() -> None:
    """Thirty days by ten seconds of 200 resources is refused before a file is read."""
    query = PerformanceQuery.parse(time_range="30d", granularity="10s")
    with pytest.raises(UsageError, match="use granularity 1h or coarser"):
        query.within_budget(200)
    query.within_budget(0)
