"""The USE method (Gregg): of each component utilization, saturation and errors, and what is known of them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow, last_run
from plimsoll.analysis.bottlenecks.rule import AnyRule, Kind, Part
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.metrics import CATALOGUE

_NO_LINES: Final[Mapping[str, LoadLine]] = MappingProxyType({})
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
    window: ResourceWindow,
    rules: Mapping[str, AnyRule],
    found: frozenset[str],
    exonerated: frozenset[str],
    lines: Mapping[str, LoadLine] = _NO_LINES,
) -> dict[str, dict[str, dict[str, object]]]:
    """Part -> utilization, saturation, errors -> state, the rules that found something, and how far it is used.

    `present`: a rule found something, or a load line is crossed (`lines`) at the end of the window; `exonerated`: what
    is read was looked at, and nothing found; `absent`: nothing is read that would say. `usedPct` is the 95th percentile
    of the window. Parts of which nothing is read at all are left out.
    """
    whole: dict[str, dict[str, dict[str, object]]] = {}
    for part, kinds in cells(rules).items():
        states = {kind: _cell(named, found, exonerated) for kind, named in kinds.items()}
        if (used := _used(window, _USED.get(part))) is not None:
            cell = {**states.get("utilization", {"state": "exonerated", "rules": []}), "usedPct": used}
            states["utilization"] = cell | {"state": "exonerated"} if cell["state"] == "absent" else cell
        if over := crossed(window, part, lines):
            cell = states.get("utilization", {"rules": []})
            states["utilization"] = {**cell, "state": "present", "lines": over}
        if any(cell["state"] != "absent" for cell in states.values()):
            whole[part] = states
    return whole


def crossed(window: ResourceWindow, part: str, lines: Mapping[str, LoadLine]) -> list[str]:
    """The load lines of a part that its readings are over at the end, for as long as opens an alert."""
    return sorted(
        name
        for name, line in lines.items()
        if CATALOGUE[line.metric].component == part and line.holds_for(window.resource) and _is_over(window, line)
    )


def _is_over(window: ResourceWindow, line: LoadLine) -> bool:
    row = window.row(line.metric)
    if row is None or line.learned is not None:
        return False
    over = np.nan_to_num(line.sign * (row - line.value), nan=-np.inf) > 0
    run = last_run(over, row)
    return run > 0 and run * window.step_s >= line.for_


def _cell(rules: Sequence[str], found: frozenset[str], exonerated: frozenset[str]) -> dict[str, object]:
    named = [rule for rule in rules if rule in found]
    state: State = "present" if named else "exonerated" if any(rule in exonerated for rule in rules) else "absent"
    return {"state": state, "rules": named}


def _used(window: ResourceWindow, metric: str | None) -> float | None:
    if metric is None or window.row(metric) is None:
        return None
    return round(quantile_of(metric, 0.95).value(window), 1)
