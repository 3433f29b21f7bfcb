"""Pools: resources that can stand in for one another, their capacity in units, their line and their price."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.documents.capacity import Unit
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.resources import Resource

HOURS_A_MONTH = 730


@dataclass(frozen=True, slots=True)
class Demand:
    """One kind of demand: the unit in which it is counted, the metric that says how much of it is in use."""

    unit: Unit
    metric: str
    capacity: Callable[[Resource], float | None]


def _gpus(resource: Resource) -> float | None:
    """A training job holds GPUs of some cluster: it is demand, not capacity."""
    return None if resource.type == "training" else resource.gpu_count


def _replicas(resource: Resource) -> float | None:
    return None if resource.gpu_count else resource.replicas_count


def _cores(resource: Resource) -> float | None:
    served = resource.gpu_count or resource.replicas_count or resource.type == "training"
    return None if served else resource.cpu_count


def _space(resource: Resource) -> float | None:
    return resource.storage_bytes


DEMANDS = (
    Demand("GPUs", "gpu_utilization_pct", _gpus),
    Demand("replicas", "cpu_utilization_pct", _replicas),
    Demand("cores", "cpu_utilization_pct", _cores),
    Demand("bytes", "storage_utilization_pct", _space),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """A pool before anything is measured; `capacities` are by resource id, `usd_per_unit_month` None if not known."""

    id: str
    name: str
    demand: Demand
    keys: Mapping[str, str | None]
    capacities: Mapping[str, float]
    line_pct: float
    usd_per_unit_month: float | None

    @property
    def capacity(self) -> float:
        """All of it, in units."""
        return sum(self.capacities.values())


def pools_of(resources: Sequence[Resource], lines: Iterable[LoadLine], settings: Capacity) -> list[PoolPlan]:
    """Every pool of the inventory, by id. Space is a pool for each volume (or group of volumes): it cannot move."""
    drawn = list(lines)
    plans: list[PoolPlan] = []
    for demand in DEMANDS:
        members: dict[tuple[str | None, ...], list[Resource]] = {}
        for resource in resources:
            if demand.capacity(resource):
                members.setdefault(_key(resource, demand, settings), []).append(resource)
        plans += [_plan(demand, key, belonging, drawn, settings) for key, belonging in members.items()]
    return _with_unique_ids(sorted(plans, key=lambda plan: (plan.id, plan.demand.unit)))


def line_of(metric: str, resource: Resource, lines: Iterable[LoadLine]) -> float | None:
    """The lowest load line over the metric that holds for the resource, in the metric's unit."""
    return min(
        (line.value for line in lines if line.metric == metric and line.above is not None and line.holds_for(resource)),
        default=None,
    )


def _key(resource: Resource, demand: Demand, settings: Capacity) -> tuple[str | None, ...]:
    labels = resource.labels
    if demand.unit == "bytes":
        return (None, resource.region, None, labels.get("group") or resource.name)
    values = {
        "type": resource.type,
        "region": resource.region,
        "gpu_model": labels.get("gpu_model") if demand.unit == "GPUs" else None,
        "group": labels.get("group"),
    }
    return tuple(values[name] if name in settings.pool_by else None for name in values)


def _plan(
    demand: Demand,
    key: tuple[str | None, ...],
    resources: Sequence[Resource],
    lines: Sequence[LoadLine],
    settings: Capacity,
) -> PoolPlan:
    kind, region, model, group = key
    space = demand.unit == "bytes"
    parts = [group] if space else [region, kind, model, group]
    known = [part for part in parts if part]
    named = [part.upper() if part == model else part for part in known]
    suffix = [] if space or demand.unit == "GPUs" else [str(demand.unit)]
    values = [line_of(demand.metric, resource, lines) for resource in resources]
    own = [value for value in values if value is not None]
    return PoolPlan(
        id="/".join([*known, *suffix]) or demand.unit,
        name=" ".join([*named, *suffix]) or demand.unit,
        demand=demand,
        keys={"type": kind, "region": region, "gpu_model": model, "group": group},
        capacities={r.resource_id: demand.capacity(r) or 0.0 for r in sorted(resources, key=lambda r: r.resource_id)},
        line_pct=min(own, default=settings.line_pct),
        usd_per_unit_month=_price(resources, demand),
    )


def _price(resources: Sequence[Resource], demand: Demand) -> float | None:
    """Dollars a month for one unit: all that is paid for the priced resources over all that they have."""
    priced = [(r.price_usd_per_h, demand.capacity(r)) for r in resources if r.price_usd_per_h is not None]
    units = sum(capacity or 0.0 for _, capacity in priced)
    return HOURS_A_MONTH * sum(price or 0.0 for price, _ in priced) / units if units else None


def _with_unique_ids(plans: Sequence[PoolPlan]) -> list[PoolPlan]:
    """The same id twice (a volume named like a pool of GPUs) is distinguished by the unit, then by number."""
    from dataclasses import replace

    seen: dict[str, int] = {}
    unique: list[PoolPlan] = []
    for plan in plans:
        seen[plan.id] = count = seen.get(plan.id, 0) + 1
        unique.append(plan if count == 1 else replace(plan, id=f"{plan.id}#{count}"))
    return unique
