"""All rules over one resource: what was found, what was folded under its cause, what was looked at and exonerated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plimsoll.analysis.bottlenecks.insufficient_data import InsufficientData, short_history, too_few
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule, Bottleneck


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One resource: `bottlenecks` most constrained first, each with the symptoms folded under it.

    `exonerated` are rules that had enough readings and found nothing; `unknown` those without, by the metrics that they
    need; `waiting` those whose metrics are read, and not for long enough yet.
    """

    bottlenecks: Sequence[tuple[Bottleneck, Sequence[Bottleneck]]]
    exonerated: Sequence[str]
    unknown: Mapping[str, Sequence[str]]
    waiting: Sequence[InsufficientData]


def evaluate(window: ResourceWindow, rules: Mapping[str, AnyRule]) -> Evaluation:
    """Looks at a resource with every one of the rules."""
    found: dict[str, Bottleneck] = {}
    exonerated: list[str] = []
    unknown: dict[str, list[str]] = {}
    waiting: list[InsufficientData] = []
    for name, rule in rules.items():
        result = rule.evaluate(window)
        if result is not None:
            found[name] = result
        elif missing := _missing(window, rule):
            if waits := too_few(window, rule, missing):
                waiting.append(waits)
            else:
                unknown[name] = missing
        elif waits := short_history(window, rule):
            waiting.append(waits)
        else:
            exonerated.append(name)
    return Evaluation(_folded(found, rules), exonerated, unknown, waiting)


def _missing(window: ResourceWindow, rule: AnyRule) -> list[str]:
    """The metrics without which the rule cannot find anything; none where enough of them are read."""
    missing = [metric for metric in rule.reads if window.row(metric) is None]
    if rule.needs_all:
        return missing
    on_devices = any(metric in rule.reads for _, metric in window.devices)
    return missing if len(missing) == len(rule.reads) and not on_devices else []


def _folded(found: Mapping[str, Bottleneck], rules: Mapping[str, AnyRule]) -> list[tuple[Bottleneck, list[Bottleneck]]]:
    """One cause, one entry: what a heavier finding explains is listed with it."""
    ordered = sorted(found.values(), key=lambda one: (-one.weight, one.rule))
    causes: list[tuple[Bottleneck, list[Bottleneck]]] = []
    for one in ordered:
        explained = next((cause for cause in causes if one.rule in rules[cause[0].rule].explains), None)
        if explained is not None:
            explained[1].append(one)
        else:
            causes.append((one, []))
    return causes
