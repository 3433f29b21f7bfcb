"""The USE method (Gregg): of each component utilisation, saturation and errors, and what is known of them."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule, Kind, Part

State: TypeAlias = Literal["present", "exonerated", "absent"]
_USED: Final[Mapping[str, str]] = {
    "cpu": "cpu_utilization_pct",
    "memory": "memory_utilization_pct",
    "gpu": "gpu_utilization_pct",
    "disk": "disk_busy_pct",
    "storage": "storage_utilization_pct",
    "network": "network_utilization_pct",
    "service": "kv_cache_utilization_pct",
}


def cells(rules: Mapping[str, AnyRule]) -> dict[str, dict[str, list[str]]]:
    """Part -> kind -> the rules that stand there, by name; each rule declares its place."""
    found: dict[str, dict[str, list[str]]] = {}
    for part in get_args(Part):
        for kind in get_args(Kind):
            named = [rule.name for rule in rules.values() if (rule.use.part, rule.use.kind) == (part, kind)]
            if named:
                found.setdefault(part, {})[kind] = sorted(named)
    return found


def use_sweep(
    window: ResourceWindow, rules: Mapping[str, AnyRule], found: frozenset[str], exonerated: frozenset[str]
) -> dict[str, dict[str, dict[str, object]]]:
    """Part -> utilisation, saturation, errors -> state, the rules that found something, and how far it is used.

    `present`: a rule found something; `exonerated`: what is read was looked at, and nothing found; `absent`: nothing
    is read that would say. `usedPct` is the 95th percentile of the window. Parts of which nothing is read at all
    are left out.
    """
    whole: dict[str, dict[str, dict[str, object]]] = {}
    for part, kinds in cells(rules).items():
        states = {kind: _cell(named, found, exonerated) for kind, named in kinds.items()}
        if (used := _used(window, _USED.get(part))) is not None:
            cell = {**states.get("utilisation", {"state": "exonerated", "rules": []}), "usedPct": used}
            states["utilisation"] = cell | {"state": "exonerated"} if cell["state"] == "absent" else cell
        if any(cell["state"] != "absent" for cell in states.values()):
            whole[part] = states
    return whole


def _cell(rules: Sequence[str], found: frozenset[str], exonerated: frozenset[str]) -> dict[str, object]:
    named = [rule for rule in rules if rule in found]
    state: State = "present" if named else "exonerated" if any(rule in exonerated for rule in rules) else "absent"
    return {"state": state, "rules": named}


def _used(window: ResourceWindow, metric: str | None) -> float | None:
    if metric is None or window.row(metric) is None:
        return None
    return round(quantile_of(metric, 0.95).value(window), 1)
