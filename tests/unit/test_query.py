"""The documents' parameters: everything unknown is refused by name, with the allowed values."""

from typing import Any

import pytest

from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.errors import BadParameter, UsageError
from plimsoll.fleet.resources import Resource, selected


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
    """B46: thirty days by ten seconds of 200 resources is refused before a file is read."""
    query = PerformanceQuery.parse(time_range="30d", granularity="10s")
    with pytest.raises(UsageError, match="use granularity 1h or coarser"):
        query.within_budget(200)
    query.within_budget(0)


def test_only_a_granularity_that_was_not_asked_for_is_made_coarser() -> None:
    """The plain question is answered for any fleet, by the finest that fits; an explicit one stays, or is refused."""
    plain = PerformanceQuery.parse()
    assert [plain.within_budget(n).granularity for n in (3, 3_703, 3_704, 20_000, 100_000)] == [
        "1m", "1m", "5m", "15m", "1h"
    ]  # fmt: skip
    with pytest.raises(UsageError, match="use granularity 5m or coarser"):
        PerformanceQuery.parse(granularity="1m").within_budget(3_704)
    assert plain.within_budget(1_000_000).granularity == "1h", "one value of each is all there is"
    with pytest.raises(UsageError, match="with a limit"):
        PerformanceQuery.parse(time_range="30d").within_budget(100_000)


@pytest.mark.parametrize(("time_range", "granularity"), [("24h", "15m"), ("7d", "1h")])
def test_a_report_is_made_of_any_fleet(time_range: str, granularity: str) -> None:
    """B14: a fleet that outgrows every granularity is reported by the coarsest, never refused by its size."""
    query = PerformanceQuery(time_range=time_range, granularity=granularity, may_coarsen=True, for_any_fleet=True)
    found = [query.within_budget(n).granularity for n in (1, 10_000, 300_000)]
    assert (found[0], found[-1]) == (granularity, "1d")


@pytest.mark.parametrize(
    "page", [{"limit": "0"}, {"limit": "-1"}, {"limit": "1e3"}, {"limit": "10001"}, {"limit": ""}, {"limit": "٣"},
             {"cursor": "a"}, {"limit": "5", "cursor": ""}, {"limit": "5", "cursor": "a\n"}]
)  # fmt: skip
def test_a_page_has_a_size_and_begins_somewhere(page: dict[str, str]) -> None:
    """Anything else is refused by name."""
    with pytest.raises(BadParameter, match=r"limit|cursor"):
        PerformanceQuery.parse(**page)  # pyright: ignore[reportArgumentType]


def test_pages_together_are_the_whole() -> None:
    """Each resource once, in the order of ids; without a limit nothing is left out."""
    fleet = [Resource(resource_id=f"r{n}", name="x", type="cluster") for n in (3, 1, 5, 2, 4)]
    assert selected(fleet, PerformanceQuery.parse()) == fleet
    seen: list[str] = []
    page = selected(fleet, PerformanceQuery.parse(limit="2"))
    while page:
        seen += [one.resource_id for one in page]
        page = selected(fleet, PerformanceQuery.parse(limit="2", cursor=seen[-1]))
    assert seen == ["r1", "r2", "r3", "r4", "r5"]
