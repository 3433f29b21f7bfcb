"""Which readings would unlock which rules, the most valuable first: what is at stake, how heavy the rules weigh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.sweep import Sweep, rules
from plimsoll.metrics import CATALOGUE, Component

_WEIGHTS: Final = {
    "batch_too_small": 20, "batching_ineffective": 82, "dead_allocation": 62, "errors": 68, "gpu_idle": 60,
    "gpu_ineffective": 40, "gpu_memory_bandwidth": 35, "gpu_straggler": 66, "gpu_under_used": 30,
    "host_device_transfer": 50, "idle_host": 35, "input_starvation": 70, "memory_leak": 80, "network_latency": 58,
    "over_provisioned": 10, "padded_limit": 8, "prefix_cache_unused": 16, "queueing": 80, "quiet_hours": 14,
    "retry_amplification": 60, "slow_answers": 55, "slow_disk": 82, "traffic_spike": 86, "volume_filling": 75,
    "blind": 77,
}  # fmt: skip
_HOSTS: Final = frozenset({"cluster", "endpoint", "training", "ai-service"})
_SERVICES: Final = frozenset({"cluster", "endpoint", "ai-service"})
_WHERE: Final[Mapping[Component, frozenset[str]]] = {
    Component.CPU: _HOSTS,
    Component.MEMORY: _HOSTS,
    Component.GPU: _HOSTS,
    Component.DISK: _HOSTS | {"storage"},
    Component.STORAGE: frozenset({"storage"}),
    Component.NETWORK: _HOSTS | {"network"},
    Component.SERVICE: _SERVICES,
    Component.TRAINING: frozenset({"cluster", "training"}),
    Component.PROBE: _SERVICES,
}


def weight(rule: str) -> float:
    """How heavy a finding of the rule weighs at least, 0 to 100."""
    limit = getattr(import_module(rules()[rule].find.__module__), "LIMIT", None)
    return float(limit.weight if limit is not None else _WEIGHTS[rule])


def unlocked(case: Case, result: Sweep) -> dict[str, list[str]]:
    """Metrics that could be read of such a resource and are not -> the rules that they would unlock, heaviest first."""
    found: dict[str, list[str]] = {}
    for rule, metrics in result.unknown.items():
        for metric in metrics:
            if _could_be_read(case, metric):
                found.setdefault(metric, []).append(rule)
    return dict(sorted(found.items(), key=lambda item: (-sum(map(weight, item[1])), item[0])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    """A metric that so many resources could give and do not; `per_month` is what those of them with a price cost."""

    metric: str
    rules: Sequence[str]
    resources: int
    per_month: float | None

    @property
    def value(self) -> tuple[float, float]:
        """Money at stake times the heaviest of the rules; those without a price by that weight alone."""
        heaviest = weight(self.rules[0])
        return (self.per_month or 0.0) * heaviest / 100, heaviest

    def told(self) -> dict[str, object]:
        """As the evidence says it; `perMonth` is no saving."""
        known = None if self.per_month is None else round(self.per_month, 2)
        return {"metric": self.metric, "rules": self.rules, "resources": self.resources, "perMonth": known}


def of_fleet(swept: Sequence[tuple[Case, Sweep]]) -> list[Unlock]:
    """The same of all resources, the most valuable first."""
    missing: dict[str, list[tuple[Case, list[str]]]] = {}
    for case, result in swept:
        for metric, unlocks in unlocked(case, result).items():
            missing.setdefault(metric, []).append((case, unlocks))
    found: list[Unlock] = []
    for metric, of in missing.items():
        named = {rule for _, unlocks in of for rule in unlocks}
        prices = [price.month for case, _ in of if (price := case.price) is not None]
        ordered = sorted(named, key=lambda rule: (-weight(rule), rule))
        paid = sum(prices) if prices else None
        found.append(Unlock(metric=metric, rules=ordered, resources=len(of), per_month=paid))
    return sorted(found, key=lambda one: (-one.value[0], -one.value[1], one.metric))


def _could_be_read(case: Case, metric: str) -> bool:
    component = CATALOGUE[metric].component
    if component == Component.GPU and not case.resource.gpu_count:
        return False
    return case.resource.type in _WHERE[component]
