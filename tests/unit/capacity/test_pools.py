"""Pools: which resources can stand in for one another, in which unit, under which line, at what price."""

from plimsoll.analysis.capacity.pools import PoolPlan, pools_of
from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource
from tests.capacities import gpus


def by_id(*resources: Resource, **settings: object) -> dict[str, PoolPlan]:
    """The pools of some resources."""
    lines = [LoadLine.model_validate({"metric": "gpu_utilization_pct", "above": 95.0, "types": ("cluster",)})]
    chosen = Capacity.model_validate(settings)
    return {plan.id: plan for plan in pools_of(resources, lines, chosen)}


def test_gpus_of_a_model_in_a_region_are_one_pool() -> None:
    """Eight and four H100s in us-east-1 are twelve; those in eu-west-1 are another pool."""
    pools = by_id(
        gpus("a", region="us-east-1", model="h100", count=8),
        gpus("b", region="us-east-1", model="h100", count=4),
        gpus("c", region="eu-west-1", model="h100", count=8),
    )
    assert {key: plan.capacity for key, plan in pools.items()} == {"us-east-1/h100": 12.0, "eu-west-1/h100": 8.0}
    assert pools["us-east-1/h100"].name == "us-east-1 H100"


def test_training_jobs_are_demand_not_capacity() -> None:
    """The GPUs of a job are GPUs of some cluster: counting them twice would invent room."""
    assert by_id(gpus("job", region="us-east-1", model="h100", count=8, kind="training")) == {}


def test_each_volume_is_a_pool_of_its_own() -> None:
    """Free space on one volume is no room on another."""
    volumes = [Resource(resource_id=f"v{n}", name=f"v{n}", type="storage", storage_bytes=1e12) for n in (1, 2)]
    assert sorted(by_id(*volumes)) == ["v1", "v2"]


def test_a_machine_without_gpus_counts_in_cores_one_with_replicas_in_replicas() -> None:
    """Demand is counted in what is bought."""
    host = Resource(resource_id="h", name="h", type="cluster", cpu_count=16.0)
    service = Resource(resource_id="s", name="s", type="endpoint", cpu_count=16.0, replicas_count=4.0)
    assert {plan.demand.unit: plan.capacity for plan in by_id(host, service).values()} == {"cores": 16, "replicas": 4}


def test_the_lowest_line_holds_for_the_pool() -> None:
    """Lines of the config come first; a pool without any has the line of [capacity]."""
    pools = by_id(
        gpus("a", region="r", model="h100", count=8),
        gpus("b", region="r", model="l40s", count=8, kind="endpoint"),
        line_pct=80.0,
    )
    assert (pools["r/h100"].line_pct, pools["r/l40s"].line_pct) == (95.0, 80.0)


def test_a_price_that_nobody_told_is_not_known() -> None:
    """The month's price of a unit comes from the priced resources; without any it is unknown, not zero."""
    pools = by_id(
        gpus("a", region="r", model="h100", count=8, price=32.0),
        gpus("b", region="r", model="h100", count=8),
        gpus("c", region="r", model="a100", count=8),
    )
    assert pools["r/h100"].usd_per_unit_month == 4.0 * 730
    assert pools["r/a100"].usd_per_unit_month is None


def test_pools_are_made_by_what_the_config_says() -> None:
    """`pool_by = ["gpu_model"]` joins the regions."""
    pools = by_id(
        gpus("a", region="us-east-1", model="h100", count=8),
        gpus("c", region="eu-west-1", model="h100", count=8),
        pool_by=("gpu_model",),
    )
    assert {key: plan.capacity for key, plan in pools.items()} == {"h100": 16.0}


def test_hostile_names_stay_names() -> None:
    """A label may hold anything; two pools never share an id."""
    odd = [gpus(f"x{n}", region="../..", model="<b>", count=1) for n in (1, 2)]
    volume = Resource(resource_id="v", name="../../<b>", type="storage", storage_bytes=1e12)
    pools = by_id(*odd, volume)
    assert len(pools) == 2
