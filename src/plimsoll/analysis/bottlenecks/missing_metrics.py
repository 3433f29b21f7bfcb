"""Metrics that are not collected, ranked by the value of the rules that need them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plimsoll.analysis.bottlenecks.evaluate import Evaluation
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.documents.evidence import MissingMetricDetail
from plimsoll.metrics import CATALOGUE, Component

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


def missing_metrics(window: ResourceWindow, found: Evaluation, rules: Mapping[str, AnyRule]) -> dict[str, list[str]]:
    """Metrics that could be read of such a resource and are not -> the rules that need them, heaviest first."""
    needed: dict[str, list[str]] = {}
    for rule, metrics in found.unknown.items():
        for metric in metrics:
            if _could_be_read(window, metric):
                needed.setdefault(metric, []).append(rule)
    return dict(sorted(needed.items(), key=lambda item: (-sum(rules[one].min_weight for one in item[1]), item[0])))


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingMetric:
    """A metric that so many resources could give and do not; `per_month` is what those of them with a price cost.

    `weight` is that of the heaviest of the rules that need it. `decides` is how many findings have no advice for want
    of it; `at_stake` the price of a month of each resource times what each of its rules would say with this metric:
    the weight of the rule, over the metrics that it still needs.
    """

    metric: str
    rules: Sequence[str]
    weight: float
    resources: int
    per_month: float | None
    decides: int
    at_stake: float

    @property
    def value(self) -> tuple[float, float, float]:
        """Findings first that wait for it, then what is at stake; those without a price by the weight alone."""
        return float(self.decides), self.at_stake, self.weight

    def as_evidence(self) -> MissingMetricDetail:
        """As the evidence says it."""
        known = None if self.per_month is None else round(self.per_month, 2)
        return MissingMetricDetail(
            metric=self.metric,
            rules=list(self.rules),
            resources=self.resources,
            per_month=known,
            decides=self.decides,
            at_stake=float(round(self.at_stake, 2)),
        )


def missing_in_fleet(
    fleet: Sequence[tuple[ResourceWindow, Evaluation]], rules: Mapping[str, AnyRule]
) -> list[MissingMetric]:
    """The same of all resources, the most valuable first."""
    missing: dict[str, list[tuple[ResourceWindow, list[str]]]] = {}
    waiting: dict[str, int] = {}
    stakes: dict[str, float] = {}
    for window, found in fleet:
        rule_found = {top.rule for top, _ in found.bottlenecks}
        month = 1.0 if window.price is None else window.price.month
        for metric, needed_by in missing_metrics(window, found, rules).items():
            missing.setdefault(metric, []).append((window, needed_by))
            waiting[metric] = waiting.get(metric, 0) + len(rule_found.intersection(needed_by))
            said = sum(rules[rule].min_weight / 100 / len(found.unknown[rule]) for rule in needed_by)
            stakes[metric] = stakes.get(metric, 0.0) + month * said
    ranked: list[MissingMetric] = []
    for metric, of in missing.items():
        named = {rule for _, needed_by in of for rule in needed_by}
        prices = [price.month for window, _ in of if (price := window.price) is not None]
        ordered = sorted(named, key=lambda rule: (-rules[rule].min_weight, rule))
        paid = sum(prices) if prices else None
        ranked.append(
            MissingMetric(
                metric=metric,
                rules=ordered,
                weight=rules[ordered[0]].min_weight,
                resources=len(of),
                per_month=paid,
                decides=waiting[metric],
                at_stake=stakes[metric],
            )
        )
    return sorted(ranked, key=lambda one: (*(-part for part in one.value), one.metric))


def _could_be_read(window: ResourceWindow, metric: str) -> bool:
    component = CATALOGUE[metric].component
    if component == Component.GPU and not window.resource.gpu_count:
        return False
    return window.resource.type in _WHERE[component]
